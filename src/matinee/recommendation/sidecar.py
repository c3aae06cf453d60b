"""The verbs of the sidecar: what the service does, said in the ids of whoever calls.

Another media server keeps its own films, people and players, and asks here what to show to whom. It tells its titles
and what its viewers did; it is told titles of its own, never others that the workspace may hold.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import Any

from pydantic import ValidationError

from matinee.base.clock import DAY_MS
from matinee.base.errors import InvalidInput, NotFound
from matinee.base.ids import new_id, stable_id
from matinee.catalog.records import Kind, MergeReport, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.events.api import Sender, take
from matinee.events.records import PageShown, ShownRow
from matinee.events.service import Service as Events
from matinee.learning.model import Context
from matinee.recommendation.foreign import (
    EventsTaken,
    ForeignEvent,
    ForeignEvidence,
    ForeignExplanation,
    ForeignItem,
    ForeignRecommendation,
    ForeignRefusal,
    ForeignSimilar,
    ForeignTitle,
    TitlesTaken,
)
from matinee.recommendation.records import Evidence, Filters, Item, Recommendation
from matinee.recommendation.service import Service

ROW = "recommendations"
"""The row under which what was shown by the sidecar is recorded."""
_LEVELS = (("film", "series"), ("season",), ("episode",))
"""Parents come before their children, in whatever order they are sent."""
_NOBODY = Viewer(id=0, name="nobody")
_RNG = SystemRandom()


@dataclass(frozen=True, slots=True)
class Names:
    """The titles that a source has names for, as of one revision of the catalogue."""

    revision: int
    by_key: Mapping[str, int]
    by_id: Mapping[int, str]
    others: tuple[int, ...]
    """Films and series that the source does not know."""


class Sidecar:
    """What one source may ask and tell. Methods may be called from any thread."""

    def __init__(self, catalog: Catalog, events: Events, recommendation: Service) -> None:
        self._catalog, self._events, self._recommendation = catalog, events, recommendation
        self._names: dict[str, Names] = {}
        self._lock = threading.Lock()

    def put_titles(self, source: str, titles: Sequence[ForeignTitle], now_ms: int) -> TitlesTaken:
        """Store titles; what is left out stays, and sending them again changes nothing.

        Raises `InvalidInput` for a parent that nobody has told.
        """
        report = MergeReport()
        for level in _LEVELS:
            some = [one for one in titles if one.kind in level]
            if some:
                known = self._named(source).by_key
                drafts = [one.draft(source, _parent(one, known)) for one in some]
                report += self._catalog.merge(drafts, now_ms)
        return TitlesTaken(created=report.created, updated=report.updated, unchanged=report.unchanged)

    def take_events(self, source: str, items: Sequence[Any], now_ms: int) -> EventsTaken:
        """Record events, durable on return; each is checked for itself, and sending them again doubles nothing."""
        names, refused = self._named(source), []
        told: list[tuple[int, ForeignEvent]] = []
        for index, item in enumerate(items):
            event = _read(index, item)
            if isinstance(event, ForeignEvent) and event.title not in names.by_key:
                event = ForeignRefusal(index=index, field="title", reason="is no title that was put")
            if isinstance(event, ForeignEvent):
                told.append((index, event))
            else:
                refused.append(event)
        viewers = self._catalog.viewers_for(source, [one.viewer for _, one in told], now_ms) if told else {}
        batch = [_event(source, one, viewers[one.viewer], names.by_key[one.title], now_ms) for _, one in told]
        taken = take(self._events, Sender(None, operator=True), batch, now_ms)
        refused += [
            ForeignRefusal(index=told[one.index][0], field=one.field, reason=one.reason) for one in taken.refused
        ]
        refused.sort(key=lambda one: one.index)
        return EventsTaken(accepted=taken.accepted, doubled=taken.doubled, refused=tuple(refused))

    def recommend(
        self,
        source: str,
        viewer: str,
        n: int,
        context: Context,
        filters: Filters,
        *,
        maturity: int = 18,
        without: Sequence[str] = (),
        record: bool = True,
    ) -> ForeignRecommendation:
        """The best titles for a viewer, who may be new; recorded as shown unless `record` is False."""
        names = self._named(source)
        if record:
            self._catalog.viewers_for(source, [viewer], context.now_ms)
        who = self._viewer(source, viewer, maturity)
        left_out = (*names.others, *(names.by_key[one] for one in without if one in names.by_key))
        found = self._recommendation.recommend(who, n, context, replace(filters, without=left_out))
        if record and found.items:
            self._events.record([_shown(found, context)])
        return ForeignRecommendation(
            id=found.id,
            viewer=viewer,
            at_ms=found.at_ms,
            model=found.model,
            fallback=found.fallback,
            words=found.words,
            items=tuple(_item(one, names) for one in found.items),
        )

    def similar(self, source: str, title: str, n: int, viewer: str | None = None, maturity: int = 18) -> ForeignSimilar:
        """Titles like one, nearest first, that the viewer may see. Raises `NotFound` for a title that was not put."""
        names = self._named(source)
        who = self._viewer(source, viewer, maturity)
        found = self._recommendation.similar(self._title(names, title), who, n + len(names.others))
        own = [one for one in found if one.id in names.by_id][:n]
        return ForeignSimilar(
            title=title,
            items=tuple({"title": names.by_id[one.id], "name": one.name, "year": one.year} for one in own),
        )

    def explain(self, source: str, viewer: str, title: str, context: Context) -> ForeignExplanation:
        """Why a title is, or is not, for a viewer. Raises `NotFound` for a title that was not put."""
        names = self._named(source)
        who = self._viewer(source, viewer, 18)
        found = self._recommendation.explain(who, self._title(names, title), context)
        return ForeignExplanation(
            viewer=viewer,
            title=title,
            reason=found.reason,
            model=found.model,
            fallback=found.fallback,
            rank=found.rank,
            among=found.among,
            evidence=tuple(_evidence(one, names) for one in found.evidence),
        )

    def _viewer(self, source: str, key: str | None, maturity: int) -> Viewer:
        id_ = None if key is None else self._catalog.by_external("viewer", source, key)
        found = _NOBODY if id_ is None else self._catalog.viewer(id_)
        return replace(found, maturity=min(found.maturity, maturity))

    def _title(self, names: Names, key: str) -> int:
        if key not in names.by_key:
            raise NotFound(f"There is no title {key!r}.", next_step="Put it first, with `PUT /titles`.")
        return names.by_key[key]

    def _named(self, source: str) -> Names:
        """The titles that the source has names for, read again where the catalogue has changed."""
        snapshot, held = self._catalog.snapshot(), self._names.get(source)
        if held is None or held.revision != snapshot.revision:
            with self._lock:
                keys = self._catalog.external_keys("title", source)
                by_id = {id_: key for key, id_ in keys.items()}
                shown = (one.id for one in snapshot.titles.values() if one.kind in (Kind.FILM, Kind.SERIES))
                others = tuple(one for one in shown if one not in by_id)
                held = self._names[source] = Names(snapshot.revision, keys, by_id, others)
        return held


def _parent(title: ForeignTitle, known: Mapping[str, int]) -> int | None:
    if title.parent is None or title.parent in known:
        return known.get(title.parent or "")
    raise InvalidInput(
        f"The parent {title.parent!r} of title {title.id!r} is not known.", next_step="Put it too, or before."
    )


def _read(index: int, item: Any) -> ForeignEvent | ForeignRefusal:
    try:
        return ForeignEvent.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        return ForeignRefusal(index=index, field=field, reason=f"is refused: {first['msg'].lower()}")


def _event(source: str, told: ForeignEvent, viewer_id: int, title_id: int, now_ms: int) -> dict[str, Any]:
    """The event as `matinee.events` knows it, with only what was said."""
    at_ms = now_ms if told.at_ms is None else told.at_ms
    said = told.model_dump(exclude_none=True, exclude={"viewer", "title", "id", "play", "recommendation"})
    if told.id is not None:
        id_ = stable_id(source, "event", told.id)
    elif told.at_ms is not None:
        id_ = stable_id(source, "event", told.model_dump_json())
    else:
        id_ = new_id(now_ms, _RNG)
    found = {**said, "id": id_, "viewer_id": viewer_id, "title_id": title_id, "at_ms": at_ms}
    if told.kind in ("play", "progress", "stop"):
        found["play"] = stable_id(source, told.viewer, told.title, told.play or at_ms // DAY_MS)
    if told.recommendation is not None:
        found |= {"page": told.recommendation, "row": ROW}
    return found


def _shown(found: Recommendation, context: Context) -> PageShown:
    row = ShownRow(
        row=ROW,
        titles=tuple(one.title.id for one in found.items),
        reasons=tuple(one.reason[:200] for one in found.items),
        models=tuple(one.model for one in found.items),
        propensities=tuple(one.propensity for one in found.items),
        fallbacks=tuple(one.fallback for one in found.items),
    )
    return PageShown(id=found.id, viewer_id=found.viewer_id, at_ms=found.at_ms, device=context.device, rows=(row,))


def _item(one: Item, names: Names) -> ForeignItem:
    return ForeignItem(
        title=names.by_id[one.title.id],
        name=one.title.name,
        position=one.position,
        reason=one.reason,
        model=one.model,
        fallback=one.fallback,
        propensity=one.propensity,
    )


def _evidence(one: Evidence, names: Names) -> ForeignEvidence:
    key = None if one.title is None else names.by_id.get(one.title.id)
    return ForeignEvidence(kind=one.kind, words=one.words, weight=one.weight, title=key)
