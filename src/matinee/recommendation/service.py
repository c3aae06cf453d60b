"""Trains models of taste, puts them on the shelf, and makes pages from them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from random import Random, SystemRandom

import numpy as np
from threadpoolctl import threadpool_limits

from matinee.base.backends import Backends
from matinee.base.clock import DAY_MS
from matinee.base.errors import NotFound
from matinee.base.ids import new_id
from matinee.catalog.records import Snapshot, Title, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.events.records import PageShown, ShownRow
from matinee.events.service import Service as Events
from matinee.events.state import ViewerState
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOWHERE, Context
from matinee.learning.serving import Serving
from matinee.learning.shelf import Shelf, Version
from matinee.recommendation.candidates import Asked, Trend, candidates, trend
from matinee.recommendation.challengers import Challengers
from matinee.recommendation.explaining import explain
from matinee.recommendation.library import Library
from matinee.recommendation.listing import allowed, listed
from matinee.recommendation.mapping import taste_map
from matinee.recommendation.methods.content_als import ContentALS
from matinee.recommendation.moment import Habits, Lifts, Moment, moment_of
from matinee.recommendation.pages import Candidates, Knobs, assemble
from matinee.recommendation.picker import NO_TASTES, Answer, TasteSpace, offer
from matinee.recommendation.records import (
    NO_FILTERS,
    Explanation,
    Filters,
    HomePage,
    Item,
    Recommendation,
    ShelfReport,
    TasteMap,
    TrainReport,
)
from matinee.recommendation.serving import Fitted, Loaded
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.shelving import shelved, trained
from matinee.recommendation.similar import similar
from matinee.recommendation.taste import taste
from matinee.recommendation.training_set import version_of

SHELF = "taste"
STRANGER = Viewer(id=2**31 - 1, name="A stranger")
"""Whose page tells whether models can be served."""
_RNG = SystemRandom()


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
        self._serving = Serving(self._shelf, self._loaded, settings.model_check_s)
        self.challengers = Challengers(backends, self._shelf, settings, self)
        """Trains versions step by step, up to where they are served."""
        self._knobs = Knobs(
            settings.rows, settings.row_length, settings.diversity, settings.calibration, settings.exploration
        )
        self._lock = threading.Lock()
        self._library: tuple[Snapshot, Library] | None = None
        self._fitted: Fitted | None = None
        self._trend: Trend | None = None
        self._habits: tuple[int, int, Habits] | None = None

    def train(self, now_ms: int, rng: np.random.Generator, models: Sequence[str] | None = None) -> TrainReport:
        """Fit methods on everything that viewers have done, measure them, and serve them from now on.

        `models` are the methods, by default those of the settings; popularity and the taste space are always among
        them. A training that was interrupted goes on where it was when it is asked for with the same seed. Raises
        what `Challengers.taken` and `Challengers.publish` raise, and what fits raise.
        """
        began = time.monotonic()
        ground = self.challengers.taken(version_of(now_ms, int(rng.integers(1 << 32))), models)
        self.challengers.judge(ground)
        self.challengers.propose(ground)
        self.challengers.publish(ground.version)
        return trained(self._shelf.entry(ground.version), time.monotonic() - began)

    def page(
        self,
        viewer: Viewer,
        now_ms: int,
        rng: Random,
        state: ViewerState | None = None,
        context: Context = NOWHERE,
    ) -> HomePage:
        """The viewer's home page now.

        `state` is what the viewer did, where the caller has read it already; `context` says where the viewer's clock
        stands and on which device the page will be. `rng` draws what is left to chance: the same gives the same page.
        """
        if not context.now_ms:
            context = Context(now_ms, context.utc_offset_min, context.device, context.language)
        return self._page(*self._asked(viewer, context, state), rng)

    def try_out(self, version: Version) -> None:
        """Make a page of a version that is not served, for somebody unknown. Raises what goes wrong."""
        fitted = Fitted.over(self._current_library(), self._loaded(version))
        self._page(*self._asked(STRANGER, Context(version.created_ms), fitted=fitted), SystemRandom())

    def _page(self, library: Library, _: Fitted, asked: Asked, found: Candidates, rng: Random) -> HomePage:
        viewer, context = asked.viewer, asked.context
        moment = moment_of(context) if self._settings.moment else None
        hero, rows = assemble(
            library,
            asked.taste,
            found,
            maturity=viewer.maturity,
            now_ms=context.now_ms,
            knobs=self._knobs,
            rng=rng,
            moment=(moment, asked.lifts) if moment and asked.lifts else None,
        )
        id_, at_ms = new_id(context.now_ms, rng), context.now_ms
        return HomePage(id=id_, viewer_id=viewer.id, at_ms=at_ms, hero=hero, rows=rows, device=context.device)

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
        library, _, asked, found = self._asked(viewer, context)
        mask = allowed(library, viewer.maturity, filters)
        items, fallback, said = listed(library, asked.taste, found, mask, n, seen=filters.seen)
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
        library, fitted, asked, found = self._asked(viewer, context)
        return explain(asked, fitted, found, self._place(library, title_id, viewer))

    def similar(self, title_id: int, viewer: Viewer, n: int = 20) -> list[Title]:
        """Titles like this one that the viewer may see, nearest first. Raises `NotFound` for an unknown title."""
        library = self._current_library()
        place = self._place(library, title_id, viewer)
        return similar(library, self._current_fitted(library), place, viewer.maturity, n)

    def offer(self, viewer: Viewer, answers: Mapping[int, Answer], n: int = 12) -> list[Title]:
        """The next `n` titles to ask a viewer about whom little is known, the one that tells most first.

        `answers` are those given so far, by title id. While no such taste space has been trained, the newest titles
        are asked about.
        """
        library = self._current_library()
        space = self._current_fitted(library).loaded.space
        known = TasteSpace.of(space) if isinstance(space, ContentALS) else NO_TASTES
        return [library.all[one] for one in offer(known, library, viewer, answers, n)]

    def taste_map(self, limit: int = 2000) -> TasteMap:
        """The `limit` most watched titles as points in a plane."""
        library = self._current_library()
        return taste_map(library, self._current_fitted(library), limit=limit)

    def shelf_report(self) -> ShelfReport:
        """What lies on the shelf, newest first, with what was measured of each model."""
        return ShelfReport(
            current=self._shelf.current(),
            versions=tuple(shelved(one) for one in reversed(self._shelf.entries())),
        )

    def interactions(self, until_ms: int | None = None) -> Interactions:
        """All interactions, or those up to a moment; episodes counted as their series, of titles that left, none."""
        library, known = self._current_library(), self._events.interactions()
        viewers, titles, values, times = known.columns()
        of_title = {one: library.shown_as.get(one, -1) for one in known.title_ids.tolist()}
        places = np.array([of_title[one] for one in known.title_ids.tolist()], np.int64)
        places = places[np.searchsorted(known.title_ids, titles)]
        kept = (places >= 0) & ((times <= until_ms) if until_ms is not None else True)
        return Interactions.from_columns(viewers[kept], library.ids[places[kept]], values[kept], times[kept])

    def features(self) -> Features:
        """What films and series are about, and who made them."""
        from matinee.recommendation.features import features_of

        return features_of(self._current_library().titles, self._catalog.all_credits())

    def versions(self) -> tuple[list[str], str | None]:
        """All versions on the shelf, oldest first, and the one that is served."""
        return self._shelf.versions(), self._shelf.current()

    def roll_back(self, version: str = "") -> str:
        """Serve another version, by default the one before the current one; returns it.

        Raises `NotFound` where there is none and `InvalidInput` where it is damaged; the current one then stays.
        """
        if version:
            self._shelf.serve(version)
        else:
            version = self._shelf.roll_back()
        self.look_again()
        return version

    def look_again(self) -> None:
        """Have the next page look which version is served."""
        self._serving.look_again()

    def _loaded(self, version: Version | None) -> Loaded:
        s = self._settings
        return Loaded.of(version, chosen="" if s.recommender == "best" else s.recommender, index_from=s.index_from)

    def _asked(
        self, viewer: Viewer, context: Context, state: ViewerState | None = None, fitted: Fitted | None = None
    ) -> tuple[Library, Fitted, Asked, Candidates]:
        library = fitted.library if fitted else self._current_library()
        fitted = fitted or self._current_fitted(library)
        state = state or self._events.state(viewer.id)
        own = taste(library, state, viewer.maturity, self._settings.dislike_below)
        moment = moment_of(context) if self._settings.moment else None
        lifts = self._lifts(library, moment, context) if moment else None
        asked = Asked(viewer, own, context, state.exposures, lifts)
        found = candidates(asked, fitted, self._current_trend(library, context.now_ms), self._settings)
        return library, fitted, asked, found

    def _place(self, library: Library, title_id: int, viewer: Viewer) -> int:
        place = library.shown_as.get(title_id)
        if place is None or library.ages[title_id] > viewer.maturity:
            raise NotFound(f"There is no title {title_id}.", next_step="Look for it by name.")
        return place

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
        loaded, held = self._serving.get().value, self._fitted
        if held is None or held.loaded is not loaded or held.library is not library:
            held = self._fitted = Fitted.over(library, loaded)
        return held

    def _current_trend(self, library: Library, now_ms: int) -> Trend:
        held, s = self._trend, self._settings
        fresh = held is not None and held.library is library
        if held is not None and fresh and 0 <= now_ms - held.at_ms < s.trending_refresh_s * 1000:
            return held
        plays = self._events.last_plays_since(now_ms - round(s.trending_days * DAY_MS))
        self._trend = trend(library, plays, now_ms, s.trending_half_life_days)
        return self._trend

    def _lifts(self, library: Library, moment: Moment, context: Context) -> Lifts:
        """What the moment adds to titles; what is played when is counted anew with every half hour."""
        held, half_hour = self._habits, context.now_ms // 1_800_000
        if held is None or held[0] != half_hour or held[1] != context.utc_offset_min or held[2].library is not library:
            plays = self._events.moments_since(context.now_ms - round(self._settings.habit_days * DAY_MS))
            held = self._habits = (half_hour, context.utc_offset_min, Habits.of(library, plays, context.utc_offset_min))
        return held[2].lifts(moment)


def shown(page: HomePage) -> PageShown:
    """What the page put before its viewer, to be recorded; the hero is its first row."""
    hero = (_shown_row("hero", (page.hero,)),) if page.hero else ()
    rows = (*hero, *(_shown_row(row.slug, row.items) for row in page.rows))
    return PageShown(id=page.id, viewer_id=page.viewer_id, at_ms=page.at_ms, device=page.device, rows=rows)


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
