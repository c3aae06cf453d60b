"""Trains models of taste, puts them on the shelf, and makes pages from them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from random import Random, SystemRandom
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from matinee.base.backends import Backends
from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.base.ids import new_id
from matinee.catalog.records import Snapshot, Title, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.events.records import PageShown, ShownRow
from matinee.events.service import Service as Events
from matinee.events.state import ViewerState
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOWHERE, Context
from matinee.learning.shelf import Shelf, Version
from matinee.recommendation.candidates import Fitted, Trend, candidates, trend
from matinee.recommendation.explaining import explain
from matinee.recommendation.library import Library
from matinee.recommendation.listing import allowed, listed
from matinee.recommendation.mapping import taste_map
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.popularity import Popularity
from matinee.recommendation.page import Candidates, assemble
from matinee.recommendation.records import (
    NO_FILTERS,
    Explanation,
    Filters,
    HomePage,
    Item,
    Recommendation,
    ShelfModel,
    ShelfReport,
    ShelfVersion,
    TasteMap,
    TrainReport,
)
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.similar import similar
from matinee.recommendation.taste import Taste, taste

SHELF = "taste"
_RNG = SystemRandom()

log = logging.getLogger(__name__)


class Service:
    """The recommendations of a workspace. Methods may be called from any thread.

    A running service serves a new model within `model_check_s` of its publication, whichever process trained it.
    """

    def __init__(self, backends: Backends, settings: RecommendationSettings) -> None:
        # A page multiplies many small matrices: BLAS threads would cost more than they bring, and fight with the
        # server's own. Training brings its own threads.
        threadpool_limits(limits=1, user_api="blas")
        self._settings = settings
        self._catalog = Catalog(backends)
        self._events = Events(backends)
        self._shelf = Shelf(backends.objects, SHELF)
        self._lock = threading.Lock()
        self._library: tuple[Snapshot, Library] | None = None
        self._complaint = ""
        self._checked_s = -np.inf
        self._fitted: Fitted | None = None
        self._trend: Trend | None = None

    def train(self, now_ms: int, rng: np.random.Generator, models: Sequence[str] | None = None) -> TrainReport:  # noqa: ARG002
        """Fit popularity and taste on everything that viewers have done, and serve them from now on.

        Raises `Conflict` where nobody has done anything yet.
        """
        began = time.monotonic()
        known = self._interactions()
        if not known.count:
            raise Conflict(
                "There is nothing to learn from: no viewer has played or rated anything.",
                next_step="Import viewing with `matinee import movielens` or `matinee events import`.",
            )
        s = self._settings
        popularity = Popularity(half_life_days=s.popularity_half_life_days).fit(known, rng)
        model = ImplicitALS(
            factors=s.factors,
            epochs=s.epochs,
            regularisation=s.regularisation,
            unobserved_weight=s.unobserved_weight,
            dislike_below=s.dislike_below,
        ).fit(known, rng)
        version = f"{now_ms:013d}-{rng.integers(1 << 32):08x}"
        facts: dict[str, Any] = {
            "viewers": known.viewer_ids.size,
            "titles": known.title_ids.size,
            "interactions": known.count,
        }
        self._shelf.publish(Version(version, now_ms, {"popularity": popularity.save(), "als": model.save()}, facts))
        self._checked_s = -np.inf
        seconds = time.monotonic() - began
        return TrainReport(version=version, losses=tuple(model.losses), seconds=seconds, **facts)

    def page(
        self,
        viewer: Viewer,
        now_ms: int,
        rng: Random,
        state: ViewerState | None = None,
        context: Context = NOWHERE,
    ) -> HomePage:
        """The viewer's home page now; `state` is what the viewer did, where the caller has read it already."""
        library = self._current_library()
        state = state or self._events.state(viewer.id)
        own = taste(library, state, viewer.maturity, self._settings.dislike_below)
        found = candidates(library, own, self._current_fitted(library), self._current_trend(library, now_ms))
        hero, rows = assemble(
            library,
            own,
            found,
            maturity=viewer.maturity,
            now_ms=now_ms,
            rows=self._settings.rows,
            row_length=self._settings.row_length,
        )
        return HomePage(id=new_id(now_ms, rng), viewer_id=viewer.id, at_ms=now_ms, hero=hero, rows=rows)

    def similar(self, title_id: int, viewer: Viewer, n: int = 20) -> list[Title]:
        """Titles like this one that the viewer may see, nearest first. Raises `NotFound` for an unknown title."""
        library = self._current_library()
        place = self._place(library, title_id, viewer)
        return similar(library, self._current_fitted(library), place, viewer.maturity, n)

    def recommend(
        self,
        viewer: Viewer,
        n: int = 20,
        context: Context = NOWHERE,
        filters: Filters = NO_FILTERS,
        rng: Random = _RNG,
    ) -> Recommendation:
        """The best `n` titles for the viewer that pass the filters; where there are none, `words` say why.

        The time is the context's; `rng` only makes the id.
        """
        library, own, found = self._asked(viewer, context)
        items, fallback, said = listed(
            library, own, found, allowed(library, viewer.maturity, filters), n, seen=filters.seen
        )
        return Recommendation(
            id=new_id(context.now_ms, rng),
            viewer_id=viewer.id,
            at_ms=context.now_ms,
            model=found.personal_model,
            fallback=fallback,
            items=items,
            words=said,
        )

    def explain(self, viewer: Viewer, title_id: int, context: Context = NOWHERE) -> Explanation:
        """Why this title is for this viewer, or is not. Raises `NotFound` where the viewer may not see it."""
        library, own, found = self._asked(viewer, context)
        place = self._place(library, title_id, viewer)
        return explain(viewer, own, self._current_fitted(library), found, place)

    def taste_map(self, limit: int = 2000) -> TasteMap:
        """The `limit` most watched titles as points in a plane."""
        library = self._current_library()
        return taste_map(library, self._current_fitted(library), limit=limit)

    def shelf_report(self) -> ShelfReport:
        """What lies on the shelf, newest first, with what was measured of each model."""
        current = self._shelf.current()
        found = [self._shelved(one, served=one == current) for one in reversed(self._shelf.versions())]
        return ShelfReport(current=current, versions=tuple(found))

    def _shelved(self, version: str, *, served: bool) -> ShelfVersion:
        created_ms = int(version.partition("-")[0])
        try:
            held = self._shelf.load(version)
        except InvalidInput as error:
            return ShelfVersion(
                version=version, created_ms=created_ms, served=served, best="", models=(), fault=str(error)
            )
        measured = held.facts.get("measured", {})
        models = tuple(
            ShelfModel(
                name=name,
                kind=stored.kind,
                size_bytes=sum(one.nbytes for one in stored.arrays.values()),
                metrics=measured.get(name, {}),
                seconds=held.facts.get("seconds", {}).get(name, 0.0),
                losses=tuple(stored.facts.get("losses", ())),
            )
            for name, stored in held.models.items()
        )
        return ShelfVersion(
            version=version,
            created_ms=created_ms,
            served=served,
            best=held.facts.get("best", ""),
            models=models,
            facts=held.facts,
        )

    def _asked(self, viewer: Viewer, context: Context) -> tuple[Library, Taste, Candidates]:
        library = self._current_library()
        own = taste(library, self._events.state(viewer.id), viewer.maturity, self._settings.dislike_below)
        trending = self._current_trend(library, context.now_ms)
        return library, own, candidates(library, own, self._current_fitted(library), trending)

    def _place(self, library: Library, title_id: int, viewer: Viewer) -> int:
        place = library.shown_as.get(title_id)
        if place is None or library.ages[title_id] > viewer.maturity:
            raise NotFound(f"There is no title {title_id}.", next_step="Look for it by name.")
        return place

    def versions(self) -> tuple[list[str], str | None]:
        """All versions on the shelf, oldest first, and the one that is served."""
        return self._shelf.versions(), self._shelf.current()

    def roll_back(self) -> str:
        """Serve the version before the current one; returns it. Raises `NotFound` where there is none."""
        version = self._shelf.roll_back()
        self._checked_s = -np.inf
        return version

    def _interactions(self) -> Interactions:
        """All interactions, episodes counted as their series; of titles that left the catalogue, none."""
        library, known = self._current_library(), self._events.interactions()
        shown = np.array([library.shown_as.get(one, -1) for one in known.title_ids.tolist()], np.int64)
        rows = np.repeat(known.viewer_ids, np.diff(known.values.indptr))
        places = shown[known.values.indices]
        kept = places >= 0
        return Interactions.from_columns(
            rows[kept], library.ids[places[kept]], known.values.data[kept], known.times[kept]
        )

    def _current_library(self) -> Library:
        snapshot, held = self._catalog.snapshot(), self._library
        if held is None or held[0] is not snapshot:
            with self._lock:
                held = self._library
                if held is None or held[0] is not snapshot:
                    held = self._library = (snapshot, Library.of(snapshot.titles))
        return held[1]

    def _current_fitted(self, library: Library) -> Fitted:
        """The models that are served, laid over the library; renewed where either has changed."""
        held = self._fitted
        due = time.monotonic() - self._checked_s >= self._settings.model_check_s
        if held is not None and held.library is library and not due:
            return held
        with self._lock:
            held = self._fitted
            self._checked_s = time.monotonic()
            self._fitted = self._renewed(held, library)
            return self._fitted

    def _renewed(self, held: Fitted | None, library: Library) -> Fitted:
        try:
            version = self._shelf.current()
            if held is None or held.version != (version or ""):
                return Fitted.of(library, self._shelf.load(version) if version else None)
        except (InvalidInput, NotFound) as error:
            if held is None or not held.version:
                raise
            # Viewers keep the model that works; whoever runs the service is told.
            if str(error) != self._complaint:
                log.error("Version %s is served on: %s", held.version, error)
                self._complaint = str(error)
        return held if held.library is library else held.over(library)

    def _current_trend(self, library: Library, now_ms: int) -> Trend:
        held, s = self._trend, self._settings
        fresh = held is not None and held.library is library
        if held is not None and fresh and 0 <= now_ms - held.at_ms < s.trending_refresh_s * 1000:
            return held
        since_ms = now_ms - round(s.trending_days * 86_400_000)
        plays = self._events.last_plays_since(since_ms)
        self._trend = trend(library, plays, now_ms, s.trending_half_life_days)
        return self._trend


def shown(page: HomePage) -> PageShown:
    """What the page put before its viewer, to be recorded; the hero is its first row."""
    hero = (_shown_row("hero", (page.hero,)),) if page.hero else ()
    rows = (*hero, *(_shown_row(row.slug, row.items) for row in page.rows))
    return PageShown(id=page.id, viewer_id=page.viewer_id, at_ms=page.at_ms, rows=rows)


def _shown_row(name: str, items: Sequence[Item]) -> ShownRow:
    return ShownRow(
        row=name,
        titles=tuple([item.title.id for item in items]),
        reasons=tuple([item.reason[:200] for item in items]),
        models=tuple([item.model for item in items]),
        propensities=tuple([item.propensity for item in items]),
        fallbacks=tuple([item.fallback for item in items]),
    )


__all__: Sequence[str] = ("Service", "shown")
