"""What several commands of jobs need: the service, records out of files, records as JSON."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import Any, TypeVar

import typer
from pydantic import BaseModel, RootModel, ValidationError

from matinee.base.errors import InvalidInput
from matinee.base.terminal import Opener
from matinee.jobs.records import JobRequest, Noun
from matinee.jobs.service import Service

PLAIN: dict[str, Any] = {"box": None, "header_style": "bold", "pad_edge": False}
"""How tables look, as those of `matinee.base.terminal.grid` do."""
N = TypeVar("N", bound=BaseModel)


class Graph(RootModel[dict[str, JobRequest]]):
    """Job requests by name."""


def service_of(ctx: typer.Context) -> tuple[Opener, Service]:
    """The shared options, and the service of the workspace."""
    opener: Opener = ctx.obj
    return opener, opener.workspace().service("jobs")


def read(kind: type[N], file: Path) -> N:
    """A record from a file of JSON, or from standard input where it is ``-``."""
    try:
        return kind.model_validate_json(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise refused(str(file), error) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}.", next_step="Name a file of JSON.") from None


def refused(what: str, error: ValidationError) -> InvalidInput:
    """The first thing that is wrong with a record, in one sentence."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    told = ": ".join(one for one in (what, where, first["msg"].removeprefix("Value error, ")) if one)
    return InvalidInput(f"{told.removesuffix('.')}.", next_step="Mend it and try again.")


def plain(one: Noun) -> dict[str, Any]:
    """A record as JSON."""
    found: dict[str, Any] = json.loads(one.model_dump_json(by_alias=True))
    return found


def user() -> str:
    """Who runs this command."""
    return getpass.getuser()
