"""Run a command: shared options wherever they stand, errors as one sentence, results as exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.text import Text

from matinee.base import progress_file
from matinee.base.errors import MatineeError
from matinee.base.progress import Reporter, reporting_to
from matinee.base.terminal import Bars
from matinee.cli.app import app
from matinee.cli.exits import INTERRUPTED, exit_code

_FLAGS = {"--json", "--quiet", "-q", "--verbose", "-v"}
_WITH_VALUE = {"--workspace", "--set", "--log-format"}


def run(args: Sequence[str]) -> int:
    """Run ``matinee ARGS`` and return the exit code."""
    args = shared_first(args)
    console = Console(stderr=True, highlight=False)
    try:
        with reporting_to(_reporter(console)):
            result = app(args=list(args), prog_name="matinee", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except MatineeError as error:
        _tell(error, console, as_json="--json" in args)
        return exit_code(error)
    except KeyboardInterrupt:
        console.print("Interrupted. What was finished is kept; run the same command to go on.")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, as `head`, has seen enough. Python would complain once more as it flushes at exit.
        sys.stdout = None
        return 0
    return result if isinstance(result, int) else 0


def _reporter(console: Console) -> Reporter:
    """Bars for people, or a file for whoever has started us and watches that."""
    path = os.environ.get(progress_file.VARIABLE)
    return progress_file.ProgressFile(Path(path)) if path else Bars(console)


def shared_first(args: Sequence[str]) -> list[str]:
    """The same arguments with the options that every command shares moved before its name.

    >>> shared_first(["catalog", "list", "--json", "--workspace", "here"])
    ['--json', '--workspace', 'here', 'catalog', 'list']
    """
    first: list[str] = []
    rest: list[str] = []
    waiting = iter(args)
    for arg in waiting:
        name = arg.partition("=")[0]
        if arg == "--":
            rest += [arg, *waiting]
        elif arg in _FLAGS or (name in _WITH_VALUE and "=" in arg and name != arg):
            first.append(arg)
        elif arg in _WITH_VALUE:
            first += [arg, *([value] if (value := next(waiting, None)) is not None else [])]
        else:
            rest.append(arg)
    return first + rest


def _tell(error: MatineeError, console: Console, *, as_json: bool) -> None:
    if as_json:
        row = {"error": error.message, "next_step": error.next_step, "kind": type(error).__name__}
        sys.stderr.buffer.write(orjson.dumps(row) + b"\n")
        sys.stderr.flush()
        return
    console.print(Text("Error: ", style="bold red").append(error.message, style="default not bold"), soft_wrap=True)
    if error.next_step:
        console.print(Text(f"  {error.next_step}"), soft_wrap=True)
