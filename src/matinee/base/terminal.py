"""What a command needs from the terminal: the workspace, a console, results as a table or JSON, progress bars.

Every command receives an `Opener` as ``ctx.obj``; it is made once from the options before the command's name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from matinee.base.progress import Task, reporting_to

if TYPE_CHECKING:
    from matinee.base.workspace import Workspace


@dataclass
class Opener:
    """The options that every command shares, and what follows from them."""

    open: Callable[[Path | None, Sequence[str]], Workspace]
    """Opens a workspace by path and flags; given by the command line, which knows the table of contents."""
    path: Path | None = None
    flags: tuple[str, ...] = ()
    json: bool = False
    quiet: bool = False
    _workspace: Workspace | None = field(default=None, repr=False)
    _opened: ExitStack = field(default_factory=ExitStack, repr=False)

    def workspace(self) -> Workspace:
        """The open workspace; the same one on every call. From here on its console sees what this command works on."""
        if self._workspace is None:
            from matinee.base.work import WorkJournal

            self._workspace = self._opened.enter_context(self.open(self.path, self.flags))
            journal = self._opened.enter_context(WorkJournal(self._workspace.backends.tables))
            self._opened.enter_context(reporting_to(journal))
        return self._workspace

    @cached_property
    def console(self) -> Console:
        """Where people read results: standard output."""
        return Console(highlight=False)

    @cached_property
    def aside(self) -> Console:
        """Where people read what is not a result: standard error."""
        return Console(stderr=True, highlight=False)

    def show(self, data: Any, table: RenderableType | None = None) -> None:
        """Print a result: as JSON where ``--json`` was given, else `table`, or nothing of it where quiet."""
        if self.json:
            sys.stdout.buffer.write(orjson.dumps(data, default=str, option=orjson.OPT_INDENT_2) + b"\n")
            sys.stdout.flush()
        elif not self.quiet:
            self.console.print(data if table is None else table)

    def say(self, text: str) -> None:
        """Print a remark, such as the next step, where somebody is reading."""
        if not (self.json or self.quiet):
            self.aside.print(text)

    def close(self) -> None:
        """Close the workspace, if a command opened it."""
        self._workspace = None
        self._opened.close()


def grid(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    """Rows as a plain table with one column for each key named; long cells wrap."""
    table = Table(box=None, header_style="bold", pad_edge=False, show_header=any(column.strip() for column in columns))
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    return table


class Bars:
    """A `Reporter` that draws one bar per task on standard error, and nothing where that is not a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(complete_style="#e8b04a", finished_style="#5fb38a", pulse_style="#e8b04a"),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._under_way = 0

    def start(self, label: str, total: float | None, unit: str) -> Task:
        """Add a bar; the drawing begins with the first and ends with the last."""
        self._under_way += 1
        self._progress.start()
        return _Bar(self, self._progress.add_task(label, total=total, unit=unit))

    def advance(self, bar: TaskID, done: float) -> None:
        """Move one bar."""
        self._progress.advance(bar, done)

    def finish(self, bar: TaskID) -> None:
        """Take one bar away."""
        self._progress.remove_task(bar)
        self._under_way -= 1
        if self._under_way == 0:
            self._progress.stop()


class _Bar:
    def __init__(self, bars: Bars, bar: TaskID) -> None:
        self._bars, self._bar = bars, bar

    def advance(self, done: float) -> None:
        self._bars.advance(self._bar, done)

    def finish(self, error: BaseException | None) -> None:  # noqa: ARG002  the error itself is shown by the command
        self._bars.finish(self._bar)
