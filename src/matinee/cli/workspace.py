"""Commands about the workspace as a whole, and the two verbs that people use most."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from matinee.base.terminal import Opener, grid
from matinee.base.workspace import settings_tables
from matinee.subsystems import SUBSYSTEMS, create_workspace


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where; made if it does not exist.")] = Path(),
) -> None:
    """Make a workspace: a folder with its settings, tables, objects and events."""
    opener: Opener = ctx.obj
    with create_workspace(folder, opener.flags) as workspace:
        opener.show({"workspace": str(workspace.root)}, f"Made the workspace {workspace.root}")
    opener.say("Next: `matinee scan FOLDER` reads films, `matinee import movielens FILE.zip` reads viewing.")


def settings(
    ctx: typer.Context,
    table: Annotated[str | None, typer.Argument(help="One table only.")] = None,
) -> None:
    """Every setting: its value here, its default, what it means."""
    opener: Opener = ctx.obj
    workspace = opener.workspace()
    rows: list[dict[str, Any]] = []
    for name, kind in settings_tables(SUBSYSTEMS).items():
        if table not in (None, name):
            continue
        values = workspace.settings.table(name, kind)
        for key, field in kind.model_fields.items():
            rows.append(
                {
                    "setting": f"{name}.{key}",
                    "value": getattr(values, key),
                    "default": field.get_default(call_default_factory=True),
                    "meaning": field.description,
                }
            )
    opener.show(rows, grid(rows, ("setting", "value", "default", "meaning")))


def status(ctx: typer.Context) -> None:
    """What this workspace holds and what to do next."""
    opener: Opener = ctx.obj
    workspace = opener.workspace()
    catalog = workspace.service("catalog")
    counts = dict(catalog.counts())
    held = {
        "workspace": str(workspace.root),
        "films": counts["film"],
        "series": counts["series"],
        "can_be_played": sum(title.playable for title in catalog.snapshot().titles.values()),
        "wait_to_be_encoded": len(workspace.service("encoding").pending()),
        "viewers": counts["viewers"],
        "accounts": counts["accounts"],
        "viewing_events": workspace.backends.bus.end("viewing"),
        "model": workspace.service("recommendation").versions()[1],
    }
    rows = [{"": name.replace("_", " "), " ": "none" if value is None else value} for name, value in held.items()]
    opener.show(held, grid(rows, ("", " ")))
    opener.say(f"Next: {_next_step(held)}")


def _next_step(held: dict[str, Any]) -> str:
    if not held["films"] + held["series"]:
        return "`matinee scan FOLDER` reads films, `matinee import movielens FILE.zip` reads viewing."
    if held["wait_to_be_encoded"]:
        return "`matinee encode` makes streams of the films."
    if held["viewing_events"] and held["model"] is None:
        return "`matinee train` learns from the viewing."
    if not held["accounts"]:
        return "`matinee accounts add EMAIL --operator` makes somebody who can sign in."
    return "`matinee serve` opens the doors."
