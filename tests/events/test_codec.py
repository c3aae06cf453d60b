"""Events to JSON and back: baselines of every kind and version, and readable refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from matinee.base.errors import InvalidInput
from matinee.events import codec
from matinee.events.records import Event, Rating

BASELINES = sorted((Path(__file__).parent / "baselines").glob("*.json"))


@pytest.mark.parametrize("path", BASELINES, ids=lambda path: path.stem)
def test_a_baseline_written_once_is_read_for_ever(path: Path) -> None:
    raw = path.read_bytes()
    event = codec.decode(raw)
    assert codec.load(raw) == event
    assert codec.decode(codec.encode(event)) == event
    fields, known = orjson.loads(raw), orjson.loads(codec.encode(event))
    assert known.pop("version") >= fields.pop("version")
    assert_keeps(fields, known)


def assert_keeps(fields: Any, known: Any) -> None:
    """Every value that was written is still there; newer versions may have more fields."""
    if isinstance(fields, dict):
        for name, value in fields.items():
            assert_keeps(value, known[name])
    elif isinstance(fields, list):
        for value, held in zip(fields, known, strict=True):
            assert_keeps(value, held)
    else:
        assert fields == known


def test_every_kind_and_version_has_a_baseline() -> None:
    wanted = {f"{kind}_{version}" for kind, last in codec.LATEST.items() for version in range(1, last + 1)}
    assert {path.stem for path in BASELINES} == wanted


@given(
    st.builds(
        Rating,
        id=st.from_regex(r"[A-Za-z0-9_-]{8,64}", fullmatch=True),
        viewer_id=st.integers(1, 2**31 - 1),
        title_id=st.integers(1, 2**31 - 1),
        at_ms=st.integers(0, 253_402_300_799_999),
        stars=st.floats(0.5, 5),
        session=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
        device=st.just(""),
        version=st.just(1),
        kind=st.just("rating"),
    )
)
def test_any_rating_survives_the_round_trip(event: Rating) -> None:
    assert codec.decode(codec.encode(event)) == codec.load(codec.encode(event)) == event


GOOD: dict[str, Any] = {"id": "abcdefgh", "viewer_id": 1, "at_ms": 5, "title_id": 2, "stars": 4, "kind": "rating"}


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"kind": "nonsense"}, "kind", "must be one of impression"),
        ({"kind": None}, "kind", "must be one of"),
        ({"stars": 6}, "stars", "less than or equal to 5"),
        ({"stars": "4"}, "stars", "valid number"),
        ({"viewer_id": 0}, "viewer_id", "greater than or equal to 1"),
        ({"viewer_id": True}, "viewer_id", "valid integer"),
        ({"id": "a b"}, "id", "at least 8"),
        ({"id": "abc defgh"}, "id", "match pattern"),
        ({"at_ms": 1e30}, "at_ms", ""),
        ({"sesion": "x"}, "sesion", "is not a field of this kind"),
        ({"version": 2}, "version", "newer than this Matinee"),
        ({"version": "1"}, "version", ""),
    ],
)
def test_a_refusal_names_index_field_and_reason(change: dict[str, Any], field: str, says: str) -> None:
    events, refusals = codec.decode_many([GOOD, {**GOOD, **change}, orjson.dumps(GOOD)])
    assert len(events) == 2
    [refusal] = refusals
    assert (refusal.index, refusal.field) == (1, field)
    assert says in refusal.reason


def test_a_page_whose_columns_differ_is_refused() -> None:
    row = {"row": "new", "titles": [1, 2], "reasons": [""], "models": ["", ""], "propensities": [1, 1]}
    row["fallbacks"] = ["", ""]
    page = {"id": "abcdefgh", "viewer_id": 1, "at_ms": 5, "rows": [row], "kind": "page"}
    _, [refusal] = codec.decode_many([page])
    assert "columns of different lengths" in refusal.reason
    with pytest.raises(InvalidInput, match="is not an event"):
        codec.load(orjson.dumps(page | {"version": 1}))


def test_a_missing_field_is_named() -> None:
    _, [refusal] = codec.decode_many([{key: value for key, value in GOOD.items() if key != "stars"}])
    assert (refusal.field, refusal.reason) == ("stars", "is missing")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"5", b"null", b"\xff\xfe", b'{"a":' * 20_000])
def test_what_is_no_json_object_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"^The event is .*\.") as caught:
        codec.decode(raw)
    assert caught.value.next_step


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_nothing_that_is_sent_breaks_the_codec(item: Any) -> None:
    events, refusals = codec.decode_many([item])
    assert events == []
    assert len(refusals) == 1


def test_older_versions_are_upgraded_on_both_ways_in(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if `rating` had once been written as `score` out of ten.
    def upgrade(fields: dict[str, Any]) -> dict[str, Any]:
        return {**{key: value for key, value in fields.items() if key != "score"}, "stars": fields["score"] / 2}

    old = {**GOOD, "version": 0, "score": 7}
    del old["stars"]
    monkeypatch.setitem(codec.UPGRADES, ("rating", 0), upgrade)
    for event in (codec.decode(orjson.dumps(old)), codec.load(orjson.dumps(old))):
        assert isinstance(event, Rating)
        assert event.stars == 3.5


def test_the_schema_of_an_event_tells_its_kinds() -> None:
    schema = TypeAdapter(Event).json_schema()
    assert set(schema["discriminator"]["mapping"]) == set(codec.KINDS)
