"""What a viewer was shown of late: how often, the long past forgotten, and only where eyes go.

Of every title a number is kept: one for each visit on which it stood at the head of a page, less for places further
down (few look at the eighth row, as in the cascade models of Craswell et al. 2008), all halved every `HALF_LIFE_DAYS`.
Pages of one visit (within `VISIT_MS`) count as one, so that to reload is no exposure. What is left of a viewer is some
sixty numbers in one row: a busy server shows 20,000 titles a second, and a row each could not be kept.

Unlike the other projections this one forgets, and so depends a little on the order in which pages arrive. It starts
at the end of the bus, `BEHIND` messages back: what lies before would have faded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from matinee.base.clock import DAY_MS
from matinee.events.records import Event, Impression, PageShown

HALF_LIFE_DAYS = 7.0
VISIT_MS = 30 * 60_000
FAINT = 0.1
"""Less than this is forgotten."""
ROWS, PLACES = 8, 8
BEHIND = 20_000

SEEN = tuple(tuple(0.85**row * 0.9**place for place in range(PLACES)) for row in range(ROWS))
"""How likely a title in each row and place is looked at, taking the head of the page as 1."""


class Exposures(NamedTuple):
    """What one viewer was shown."""

    at_ms: int
    """The last page."""
    weights: Mapping[int, float]
    """By title id, at that time."""


NONE = Exposures(0, {})


class Shown(NamedTuple):
    """What one page, or one impression, put before a viewer."""

    viewer_id: int
    at_ms: int
    weights: Mapping[int, float]


def shown_by(event: Event) -> Shown | None:
    """What a record showed; None where it is no page and no impression."""
    match event:
        case PageShown():
            return _page(event.viewer_id, event.at_ms, (row.titles for row in event.rows))
        case Impression():
            return _impression(event.viewer_id, event.at_ms, event.row_position, event.position, event.title_id)
        case _:
            return None


def shown_in(body: bytes) -> Shown | None:
    """What a message of the bus showed; None where it is no page and no impression.

    Pages are some 15 kB and come by the hundred a second, so this reads what it needs and checks no more.
    """
    try:
        event = orjson.loads(body)
        viewer_id, at_ms = int(event["viewer_id"]), int(event["at_ms"])
        if event["kind"] == "page":
            return _page(viewer_id, at_ms, (row["titles"] for row in event["rows"]))
        return _impression(viewer_id, at_ms, event["row_position"], event["position"], event["title_id"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _page(viewer_id: int, at_ms: int, rows: Iterable[Sequence[int]]) -> Shown:
    weights: dict[int, float] = {}
    for likely, titles in zip(SEEN, rows, strict=False):
        for chance, title in zip(likely, titles, strict=False):
            weights[title] = max(chance, weights.get(title, 0.0))
    return Shown(viewer_id, at_ms, weights)


def _impression(viewer_id: int, at_ms: int, row: int, place: int, title_id: int) -> Shown:
    return Shown(viewer_id, at_ms, {title_id: SEEN[row][place]} if row < ROWS and place < PLACES else {})


def by_viewer(pages: Iterable[Shown]) -> dict[int, list[Shown]]:
    """What was shown to each viewer, in the order given."""
    found: dict[int, list[Shown]] = {}
    for one in pages:
        found.setdefault(one.viewer_id, []).append(one)
    return found


def merged(held: Exposures, pages: Iterable[Shown]) -> Exposures:
    """What was held with these pages of the same viewer added.

    >>> merged(NONE, [Shown(1, 0, {5: 1.0}), Shown(1, 1000, {5: 1.0, 6: 0.5}), Shown(1, 7 * DAY_MS + 1000, {5: 1.0})])
    Exposures(at_ms=604801000, weights={5: 1.5, 6: 0.25})
    """
    at_ms, weights = held.at_ms, dict(held.weights)
    for page in pages:
        fade = faded(abs(page.at_ms - at_ms))
        same_visit = abs(page.at_ms - at_ms) < VISIT_MS
        fresh = page.weights
        if page.at_ms > at_ms:
            weights = {title: value * fade for title, value in weights.items()} if not same_visit else weights
            at_ms = page.at_ms
        elif not same_visit:
            fresh = {title: value * fade for title, value in fresh.items()}
        for title, value in fresh.items():
            before = weights.get(title, 0.0)
            weights[title] = max(before, value) if same_visit else before + value
    return Exposures(at_ms, {title: value for title, value in weights.items() if value >= FAINT})


def faded(elapsed_ms: int) -> float:
    """What is left of a weight of 1 after so long."""
    return float(2.0 ** (-elapsed_ms / (HALF_LIFE_DAYS * DAY_MS)))


def dump(exposures: Exposures) -> str:
    """As the table keeps it: the time, titles, and thousandths."""
    titles = list(exposures.weights)
    return orjson.dumps(
        [exposures.at_ms, titles, [round(value * 1000) for value in exposures.weights.values()]]
    ).decode()


def parse(fields: Any) -> Exposures:
    """From what `dump` wrote, parsed; `NONE` where that is empty."""
    if not fields:
        return NONE
    at_ms, titles, thousandths = fields
    return Exposures(at_ms, {title: value / 1000 for title, value in zip(titles, thousandths, strict=True)})
