"""Nightly: models learn what viewers did since, and are served only where they are no worse than those before.

    freeze ─→ train ────┐
         └──→ evaluate ─┴→ gate ─→ publish

The steps are those of `matinee.recommendation.challengers`. `matinee recommendation rollback` goes back.
"""

from __future__ import annotations

from matinee.workflows.steps import Graph, Run


def graph(run: Run, version: str, models: str = "", tolerance: float | None = None) -> Graph:
    """The steps to a version; methods and tolerance are those of the settings where they are not given."""

    def step(name: str, *options: str, after: tuple[str, ...] = (), retries: int = 2) -> Graph:
        arguments = ("recommendation", "challenger", name, version, *options)
        return {name: run.step(name, *arguments, after=after, retries=retries)}

    chosen = ("--models", models) if models else ()
    allowed = ("--tolerance", str(tolerance)) if tolerance is not None else ()
    return {
        **step("freeze", *chosen),
        **step("train", after=("freeze",)),
        **step("evaluate", after=("freeze",)),
        **step("gate", *allowed, after=("train", "evaluate"), retries=1),
        **step("publish", after=("gate",)),
    }
