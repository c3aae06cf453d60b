"""Commands about the workspace as a whole, and the two verbs that people use most."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from matinee.base.terminal import Opener
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
    opener.show(rows, _grid(rows, ("setting", "value", "default", "meaning")))


def _grid(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Table:
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(str(row[column]) for column in columns))
    return grid
