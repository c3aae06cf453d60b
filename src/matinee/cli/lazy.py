"""Command groups that are imported only when they are used, so that ``matinee --help`` answers at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from matinee.base.subsystem import load


@dataclass(frozen=True, slots=True)
class Entry:
    """A command or group: its name, one sentence, the ``module:name`` of a Typer application or function."""

    name: str
    sentence: str
    path: str
    panel: str


class LazyCommand(TyperGroup):
    """Stands for a command until somebody calls it."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(name=entry.name, help=entry.sentence, short_help=entry.sentence, rich_help_panel=entry.panel)
        self.entry = entry

    def load(self) -> Any:
        """The real command."""
        found = load(self.entry.path)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer()
            found.command(self.entry.name)(function)
        found._add_completion = False  # Typer would offer to install it at every group
        command = typer.main.get_command(found)
        command.name = self.entry.name
        command.help = command.help or self.entry.sentence
        return command

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """The real command's context: from here on it is the one that runs."""
        return self.load().make_context(info_name, args, parent, **extra)


class LazyGroup(TyperGroup):
    """The top of the tree; its children are `entries`, in order."""

    entries: ClassVar[Sequence[Entry]] = ()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Names, in the order of the table."""
        return [entry.name for entry in self.entries]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of that name, not yet imported; None where there is none."""
        return next((LazyCommand(entry) for entry in self.entries if entry.name == cmd_name), None)
