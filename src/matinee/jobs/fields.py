"""What the fields of records may hold: nothing that breaks a log, a script, a folder or a database later on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from matinee.jobs import secrets

LONGEST_NAME_BYTES = 240
DEEPEST = 50
"""How deep JSON may be nested: what can be read once can then be read again everywhere."""


def _distinct(found: Iterable[str]) -> tuple[str, ...]:
    """Sorted, each once: tags and files are sets."""
    return tuple(sorted(set(found)))


def _without_blanks(found: Any) -> Any:
    """Genie drops blank entries in silence, and so do its clients expect."""
    return (
        [one for one in found if not isinstance(one, str) or one.strip()] if isinstance(found, list | tuple) else found
    )


def _line(text: str) -> str:
    """Refuse what would break a line of a log, a script or a table."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError("it holds a control character")
    return text


def _text(text: str) -> str:
    """Refuse what neither programs nor databases take as text."""
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    return text


def _folder_name(text: str) -> str:
    if len(text.encode()) > LONGEST_NAME_BYTES:
        raise ValueError(f"it is longer than {LONGEST_NAME_BYTES} bytes")
    return text


def _plain_json(found: Any) -> Any:
    """Refuse what JSON cannot say, what databases cannot keep, and what is nested too deep to be read again."""
    if _deeper(found, DEEPEST):
        raise ValueError(f"it is nested deeper than {DEEPEST}")
    if "\\u0000" in json.dumps(found, allow_nan=False):
        raise ValueError("it holds a NUL character")
    return found


def _deeper(found: Any, levels: int) -> bool:
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return levels < 0 or any(_deeper(one, levels - 1) for one in inner)


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Line = Annotated[str, Field(max_length=255), AfterValidator(_line)]
Name = Annotated[Line, Field(min_length=1, pattern=r"\S")]
# Ids name folders.
Id = Annotated[str, Field(max_length=255, pattern=r"^[^./\x00-\x1f][^/\x00-\x1f]*$"), AfterValidator(_folder_name)]
Tag = Line
Tags = Annotated[tuple[Tag, ...], BeforeValidator(_without_blanks), AfterValidator(_distinct)]
File = Annotated[str, Field(max_length=1024), AfterValidator(_line)]
Files = Annotated[tuple[File, ...], BeforeValidator(_without_blanks), AfterValidator(_distinct)]
Secret = Annotated[str, Field(pattern=secrets.NAME)]
Text = Annotated[str, AfterValidator(_text)]
Argument = Annotated[Text, Field(max_length=10_000)]
PlainJson = Annotated[Any, AfterValidator(_plain_json)]
Amount = Annotated[int, Field(ge=1, le=2**31 - 1)]
Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""One without a zone is taken as UTC."""
