"""``matinee demo``: make the demo, serve it, and where asked judge it with a real browser."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matinee.base.clock import now_ms
from matinee.base.errors import NotFound
from matinee.base.terminal import Opener, grid
from matinee.base.workspace import FILE
from matinee.subsystems import create_workspace

if TYPE_CHECKING:
    from matinee.workflows.demo import Demo, Step
    from matinee.workflows.visit import Verdict


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option(help="The workspace; made where there is none.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes other pictures and other viewers.")] = 7,
    films: Annotated[int | None, typer.Option(min=1, help="Make only so many films and episodes.")] = None,
    viewers: Annotated[int, typer.Option(min=3, max=100_000, help="How many people watch.")] = 300,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the site, 0 for a free one.")] = 8000,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the site when it is ready.")] = True,
    check: Annotated[
        bool, typer.Option("--check", help="Visit the site with a browser, play a film, print a verdict and end.")
    ] = False,
) -> None:
    """Make a small cinema on the spot: films, viewers, a month of viewing, and the site.

    Nothing is downloaded. A demo that was stopped goes on where it was.
    """
    from matinee.simulation.world import World
    from matinee.workflows.demo import MEMBER, build

    opener: Opener = ctx.obj
    if not (folder / FILE).exists():
        create_workspace(folder, opener.flags).close()
    opener.path = folder
    # Short films keep no processor busy by themselves: as many at once as there are processors.
    opener.flags = (f"encoding.at_once={len(os.sched_getaffinity(0))}", *opener.flags)
    workspace = opener.workspace()
    made = build(workspace, World(seed, films, viewers), now_ms(), tell=lambda step: _tell(opener, step))
    if check:
        verdict = _checked(opener, port, MEMBER, made.passwords[MEMBER])
        _show_verdict(opener, verdict)
        raise typer.Exit(0 if verdict.passed else 1)
    _show(opener, made)
    if serve:
        _serve(opener, port)


def _tell(opener: Opener, step: Step) -> None:
    opener.say(f"{step.name:9} {step.seconds:6.1f} s  {step.words}")


def _show(opener: Opener, made: Demo) -> None:
    steps = [{"step": one.name, "seconds": round(one.seconds, 1), "result": one.words} for one in made.steps]
    people = [{"e-mail": email, "password": password} for email, password in made.passwords.items()]
    opener.show({"steps": steps, "sign_in": people}, grid(people, ("e-mail", "password")))


def _serve(opener: Opener, port: int) -> None:
    from matinee.server.run import serve

    def ready(address: str, _stop: Callable[[], None]) -> None:
        opener.show({"address": address}, f"Open {address}")
        opener.say("Sign in as one of them. Ctrl+C stops; the next `matinee demo` is ready at once.")

    serve(opener.workspace(), "127.0.0.1", port, ready=ready)


def _checked(opener: Opener, port: int, email: str, password: str) -> Verdict:
    """Serve in this thread, visit from another, and stop when the visit is over."""
    from matinee.server.run import serve
    from matinee.workflows.visit import visit

    workspace = opener.workspace()
    found: list[Verdict] = []
    failed: list[BaseException] = []
    visitors: list[threading.Thread] = []

    def ready(address: str, stop: Callable[[], None]) -> None:
        def go() -> None:
            try:
                found.append(visit(address, email, password, workspace.root / "check"))
            except BaseException as error:
                failed.append(error)
            finally:
                stop()

        visitors.append(threading.Thread(target=go, name="visit"))
        visitors[0].start()

    serve(workspace, "127.0.0.1", port, ready=ready)
    for one in visitors:
        one.join()
    if failed:
        raise failed[0]
    if not found:
        raise NotFound("The server stopped before it was visited.", next_step="Run the check again.")
    return found[0]


def _show_verdict(opener: Opener, verdict: Verdict) -> None:
    rows: list[dict[str, Any]] = [
        {"check": one.name, "": "passed" if one.passed else "failed", "seen": one.words} for one in verdict.checks
    ]
    data = {
        "passed": verdict.passed,
        "checks": [{"name": r["check"], "result": r[""], "seen": r["seen"]} for r in rows],
    }
    opener.show(data, grid(rows, ("check", "", "seen")))
    opener.say(f"Pictures of every step lie in {opener.workspace().root / 'check'}.")
