"""Events to JSON and back.

Two ways in: `decode` and `decode_many` for what strangers send, checked field by field; `load` for what this
service wrote itself and the bus kept, which builds the record without looking. Both upgrade older versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import orjson
from pydantic import TypeAdapter, ValidationError

from matinee.base.errors import InvalidInput
from matinee.events.records import Event, PageShown, ShownRow

Fields = dict[str, Any]

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)
KINDS: Mapping[str, type[Any]] = {one.__dataclass_fields__["kind"].default: one for one in get_args(get_args(Event)[0])}
LATEST: Mapping[str, int] = {kind: one.__dataclass_fields__["version"].default for kind, one in KINDS.items()}


def _with_fallbacks(fields: Fields) -> Fields:
    """A page as it was before 2: nothing was said of fallbacks. Rows that are none are left to the check."""
    rows = fields.get("rows")
    if not isinstance(rows, list):
        return fields
    return fields | {"rows": [_row_with_fallbacks(one) if isinstance(one, dict) else one for one in rows]}


def _row_with_fallbacks(row: Fields) -> Fields:
    titles = row.get("titles")
    return {"fallbacks": [""] * len(titles), **row} if isinstance(titles, list) else row


UPGRADES: dict[tuple[str, int], Callable[[Fields], Fields]] = {
    ("impression", 1): lambda fields: fields,
    ("page", 1): _with_fallbacks,
}
"""``(kind, version)`` to a function that returns the same fields as the next version."""

MAX_BYTES = 131_072
"""An event larger than this is refused unread; a page of 200 titles takes some 15,000, any other a few hundred."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one of several events was not taken."""

    index: int
    """Its place in the batch or, in a file, its line; both from 0."""
    field: str
    """Which field is wrong; empty where the whole is."""
    reason: str


def encode(event: Event) -> bytes:
    """The event as one line of JSON, without a line end."""
    return orjson.dumps(event)


def decode(raw: bytes) -> Event:
    """The event that a stranger wrote as JSON.

    Raises `InvalidInput` that names the field and what was expected of it.
    """
    return _check(_parse(raw))


def decode_many(items: Sequence[object]) -> tuple[list[Event], list[Refusal]]:
    """The events among `items` (JSON or already parsed), and a refusal for each of the others."""
    events: list[Event] = []
    refusals: list[Refusal] = []
    for index, item in enumerate(items):
        event = try_decode(item, index)
        if isinstance(event, Refusal):
            refusals.append(event)
        else:
            events.append(event)
    return events, refusals


def try_decode(item: object, index: int) -> Event | Refusal:
    """The event, or why it is none."""
    try:
        fields = _parse(item) if isinstance(item, bytes) else item
        if not isinstance(fields, Mapping):
            raise _Refused("", "is not a JSON object")
        return _check(fields)
    except _Refused as error:
        return Refusal(index, error.field, error.reason)


def load(raw: bytes) -> Event:
    """The event that `encode` wrote, of this version or an older one; its fields are trusted.

    Raises `InvalidInput` where it is no event at all.
    """
    fields = _parse(raw)
    try:
        kind = KINDS[fields["kind"]]
        if fields["version"] != LATEST[fields["kind"]]:
            fields = _upgraded(fields)
        if kind is PageShown:
            fields["rows"] = tuple(_row(one) for one in fields["rows"])
        return kind(**fields)  # type: ignore[no-any-return]
    except (KeyError, TypeError, ValueError) as error:
        raise _Refused("", f"is not an event ({error})") from None


def _row(fields: Fields) -> ShownRow:
    columns: Fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return ShownRow(**columns)


class _Refused(InvalidInput):
    def __init__(self, field: str, reason: str) -> None:
        what = f"The event's {field}" if field else "The event"
        super().__init__(f"{what} {reason}.", next_step="docs/events.md lists the kinds and their fields.")
        self.field = field
        self.reason = reason


def _parse(raw: bytes) -> Fields:
    if len(raw) > MAX_BYTES:
        raise _Refused("", f"is larger than {MAX_BYTES:,} bytes")
    try:
        fields = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _Refused("", f"is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise _Refused("", "is not a JSON object")
    return fields


def _check(fields: Mapping[str, Any]) -> Event:
    try:
        # Strict JSON: numbers are numbers and texts are texts, but an object may stand for a record.
        return _ADAPTER.validate_json(orjson.dumps(_upgraded(fields)), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _Refused(*_readable(first)) from None
    except (TypeError, orjson.JSONEncodeError):
        raise _Refused("", "is not a JSON object") from None


def _upgraded(fields: Mapping[str, Any]) -> Fields:
    kind, version = fields.get("kind"), fields.get("version", 1)
    result = dict(fields)
    if not isinstance(kind, str) or kind not in KINDS or not isinstance(version, int):
        return result  # the check that follows says it better
    if version > LATEST[kind]:
        raise _Refused("version", f"is {version}, newer than this Matinee, which knows {LATEST[kind]}")
    while version < LATEST[kind] and (kind, version) in UPGRADES:
        result = UPGRADES[kind, version](result)
        version += 1
        result["version"] = version
    return result


def _readable(error: Any) -> tuple[str, str]:
    """Field and reason, as a sentence would say them."""
    place = [str(part) for part in error["loc"] if part not in KINDS]
    match error["type"]:
        case "union_tag_invalid" | "union_tag_not_found":
            return "kind", f"must be one of {', '.join(KINDS)}"
        case "missing":
            return ".".join(place), "is missing"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return ".".join(place), "is not a field of this kind"
        case _:
            return ".".join(place), "is refused: " + str(error["msg"]).removeprefix("Input ").lower()
