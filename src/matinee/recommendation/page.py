"""The page: which rows, in which order, which titles in each. Pure: everything it needs is given to it.

    continue watching   what was begun
    top picks           the best by the viewer's own scores
    my list             what the viewer put there
    because you ...     near to a title the viewer lately liked; up to three rows, apart from each other
    trending            what everybody is playing now
    genre               the genres the viewer takes more of than others do, ranked by own scores
    new                 what came last

A title stands on a page once, except that what was begun or listed keeps its own row too. What the viewer has touched
is not recommended again, unless nothing else is left: then the page offers what was liked. A row holds at most a
part of what there is to choose from, so that a small library fills several rows instead of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from matinee.base.ids import slug
from matinee.recommendation import words
from matinee.recommendation.library import Bools, Floats, Ints, Library
from matinee.recommendation.records import Item, Row
from matinee.recommendation.taste import Liked, Taste

BECAUSE, GENRES = 3, 4
SHARE = 5
"""A row of picks takes at most this part of what may be shown."""
FEWEST = 4
"""A row of picks may hold at least this many, however small the library."""
NEAR = 0.25
"""Cosine from which two titles are called near."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What the models say of every title of the library; -inf where a model has nothing to say."""

    personal: Floats
    """How well each suits this viewer."""
    personal_model: str
    popular: Floats
    popular_model: str
    trending: Floats
    """Decayed playings of late, lasting popularity behind."""
    playing: Ints
    """Viewers who played it lately."""
    vectors: Floats
    """Directions in taste space, of length 1; 0 for titles that the model does not know."""
    similar_model: str
    fallback: str = ""
    """Why `personal` is not from the recommender of first choice; see `Recommendation.fallback`."""

    def filled(self) -> Floats:
        """Own scores; titles that have none follow, by what is trending."""
        known = self.personal > -np.inf
        if not known.any():
            return self.trending
        floor = self.personal[known].min()
        return np.where(known, self.personal, floor - 1 / (1 + self.trending)).astype(np.float32)


def reasons_for(library: Library, taste: Taste, candidates: Candidates, places: Ints) -> list[str]:
    """A short phrase for each title, why it is for this viewer."""
    draft = _Draft(library, taste, candidates, 0, np.zeros(0, bool), 0, 0, fresh=True)
    if not taste.strengths:
        return ["Loved by many"] * places.size
    return [words.because(one) if one else "Fits your taste" for one in draft.near(places)]


@dataclass(slots=True, eq=False)
class _Draft:
    """A page in the making: what is still free, and how to say why."""

    library: Library
    taste: Taste
    candidates: Candidates
    now_ms: int
    free: Bools
    length: int
    fewest: int
    """Rows of fewer titles are not made, except the main ones."""
    fresh: bool
    """Whether the viewer has untouched titles left."""
    scores: Floats = field(init=False)
    """Own scores; titles that have none follow, by what is trending."""

    anchors: Floats = field(init=False)
    """Directions of the titles that the viewer liked last."""

    def __post_init__(self) -> None:
        self.scores = self.candidates.filled()
        self.anchors = self.candidates.vectors[[one.place for one in self.taste.liked[:100]]]

    def take(self, scores: NDArray[np.floating], within: Bools | None = None) -> Ints:
        """The best free titles by `scores`, now taken; those at -inf never."""
        allowed = self.free if within is None else self.free & within
        places = np.flatnonzero(allowed & (scores > -np.inf))
        if places.size > self.length:
            best = np.argpartition(-scores[places], self.length - 1)[: self.length]
            places = places[np.sort(best)]
        places = places[np.argsort(-scores[places], kind="stable")]
        self.free[places] = False
        return places

    def near(self, places: Ints) -> list[Liked | None]:
        """For each title the liked one that it is nearest to, None where none is near."""
        liked = self.taste.liked[:100]
        if not liked or not places.size:
            return [None] * places.size
        cosines = self.candidates.vectors[places] @ self.anchors.T
        best = cosines.argmax(axis=1)
        return [
            liked[one] if cosines[row, one] >= NEAR and liked[one].place != places[row] else None
            for row, one in enumerate(best.tolist())
        ]

    def items(self, places: Ints, reasons: list[str], model: str) -> tuple[Item, ...]:
        titles = self.library.titles
        return tuple(
            [
                Item(title=titles[place], position=position, reason=reason, model=model)
                for position, (place, reason) in enumerate(zip(places.tolist(), reasons, strict=True))
            ]
        )


def assemble(
    library: Library, taste: Taste, candidates: Candidates, *, maturity: int, now_ms: int, rows: int, row_length: int
) -> tuple[Item | None, tuple[Row, ...]]:
    """The hero and the rows for a viewer with this taste and maturity limit; at most `rows` of `row_length`."""
    visible = library.age <= maturity
    free = visible & ~taste.touched
    fresh = bool(free.any())
    if not fresh:
        free = visible & _liked_mask(library, taste)
    length = min(row_length, max(FEWEST, -(-int(np.count_nonzero(free)) // SHARE)))
    draft = _Draft(library, taste, candidates, now_ms, free, length, min(FEWEST, max(1, length // 2)), fresh)
    hero = _hero(draft)
    # Whoever chooses first has most to choose from. A title that no model knows yet has a place in what is trending and
    # what is new and nowhere else, so these choose before the rows that models fill.
    picks, trending, new = _picks(draft), _trending(draft), _new(draft)
    because, genres = _because(draft), _genres(draft)
    order = [
        _continue(draft, row_length),
        picks,
        _my_list(draft, row_length),
        next(because, None),
        trending,
        next(genres, None),
        next(because, None),
        new,
        *genres,
        *because,
    ]
    return hero, tuple(row for row in order if row is not None and row.items)[:rows]


def _liked_mask(library: Library, taste: Taste) -> Bools:
    mask = np.zeros(len(library.titles), bool)
    mask[[one.place for one in taste.liked]] = True
    return mask


def _hero(draft: _Draft) -> Item | None:
    """One film that can be played, the best by own scores; else the best of all; else one that was begun."""
    library, scores = draft.library, draft.scores
    for pool in (draft.free & library.playable, draft.free):
        places = np.flatnonzero(pool)
        if places.size:
            place = int(places[scores[places].argmax()])
            draft.free[place] = False
            near = draft.near(np.array([place]))[0]
            return Item(
                title=library.titles[place],
                position=0,
                reason=_sentence(draft, place, near),
                model=draft.candidates.personal_model,
            )
    for begun in draft.taste.begun:
        reason = f"{words.left(begun)}."
        return Item(title=begun.title, position=0, reason=reason, model="continue", progress=begun.progress)
    return None


def _sentence(draft: _Draft, place: int, near: Liked | None) -> str:
    if not draft.fresh:
        return "You liked it before, and it is worth another evening."
    if near is not None:
        return f"{words.because(near)}, and this is close to it in spirit."
    if draft.candidates.playing[place] > 0:
        return f"{words.played(int(draft.candidates.playing[place]))}, and you have not seen it yet."
    if draft.candidates.personal[place] == -np.inf:
        return f"{words.added(draft.library.titles[place], draft.now_ms)}, and nobody has said a word about it yet."
    return "It fits what you have watched." if draft.taste.liked else "Loved by many, and a good place to start."


def _continue(draft: _Draft, row_length: int) -> Row | None:
    items = tuple(
        Item(title=one.title, position=position, reason=words.left(one), model="continue", progress=one.progress)
        for position, one in enumerate(draft.taste.begun[:row_length])
    )
    return Row(slug="continue-watching", heading="Continue watching", reason="You began these.", items=items)


def _my_list(draft: _Draft, row_length: int) -> Row:
    progress = {one.title.id: one.progress for one in draft.taste.begun}
    items = tuple(
        Item(title=title, position=position, reason="On your list", model="list", progress=progress.get(title.id))
        for position, title in enumerate(draft.taste.listed[:row_length])
    )
    return Row(slug="my-list", heading="My list", reason="You put these here.", items=items)


def _picks(draft: _Draft) -> Row:
    candidates = draft.candidates
    places = draft.take(candidates.personal)
    if not draft.fresh:
        reasons = ["You liked it before"] * places.size
        heading, why = "Worth another evening", "You have seen everything here; these you liked."
    elif draft.taste.strengths:
        reasons = [words.because(one) if one else "Fits your taste" for one in draft.near(places)]
        heading, why = "Top picks for you", "The best matches for all you have watched and rated."
    else:
        reasons = ["Loved by many"] * places.size
        heading, why = "A good place to start", "What most viewers here loved; it becomes yours as you watch."
    items = draft.items(places, reasons, candidates.personal_model)
    return Row(slug="top-picks", heading=heading, reason=why, items=items)


def _because(draft: _Draft) -> Iterator[Row]:
    """Rows around titles liked lately; a title near to the one before it would give the same row again."""
    anchors: list[Liked] = []
    vectors = draft.candidates.vectors
    for liked in draft.taste.liked[:30]:
        if len(anchors) == BECAUSE or not draft.fresh:
            return
        if any(float(vectors[liked.place] @ vectors[one.place]) > 0.8 for one in anchors):
            continue
        row = _because_of(draft, liked)
        if row is not None:
            anchors.append(liked)
            yield row


def _because_of(draft: _Draft, liked: Liked) -> Row | None:
    known = bool(draft.candidates.vectors[liked.place].any())
    if known:
        likeness, model = (
            draft.candidates.vectors @ draft.candidates.vectors[liked.place],
            draft.candidates.similar_model,
        )
    else:
        likeness, model = draft.library.alike({liked.place: 1.0}), "content"
    near = likeness > (0.1 if known else 0.05)
    if np.count_nonzero(draft.free & near) < draft.fewest:
        return None
    places = draft.take(likeness, near)
    name = liked.title.name
    items = draft.items(places, [f"Like {name}"] * places.size, model)
    why = f"Viewers of {name} watched these too." if known else f"They have much in common with {name}."
    return Row(slug=f"because-{liked.title.id}", heading=words.because(liked), reason=why, items=items)


def _trending(draft: _Draft) -> Row:
    candidates = draft.candidates
    places = draft.take(candidates.trending, candidates.trending > 0)
    live = bool((candidates.playing[places] > 0).any())
    reasons = [words.played(int(one)) for one in candidates.playing[places]]
    return Row(
        slug="trending",
        heading="Trending now" if live else "Loved by everyone",
        reason="What viewers here are playing these days." if live else "What viewers here have watched most.",
        items=draft.items(places, reasons, candidates.popular_model),
    )


def _genres(draft: _Draft) -> Iterator[Row]:
    """Rows of the viewer's genres; of the library's largest for a viewer without a past."""
    known = bool(draft.taste.strengths)
    made = 0
    for which in _own_genres(draft):
        genre, mask = draft.library.genres[which], draft.library.of_genre[which]
        if np.count_nonzero(draft.free & mask) < draft.fewest:
            continue
        places = draft.take(draft.scores, mask)
        reasons = [words.because(one) if one else genre for one in draft.near(places)]
        why = f"You take more {genre} than most." if known else f"The {genre} most viewers here loved."
        heading = words.genre_heading(genre, known=known)
        items = draft.items(places, reasons, draft.candidates.personal_model)
        yield Row(slug=f"genre-{slug(genre)}", heading=heading, reason=why, items=items)
        made += 1
        if made == GENRES:
            return


def _own_genres(draft: _Draft) -> list[int]:
    """Genres by how much more of them the viewer liked than the library holds; small numbers count less."""
    masks = draft.library.of_genre
    if not draft.taste.liked:
        return list(range(len(masks)))
    liked = masks[:, [one.place for one in draft.taste.liked]].sum(axis=1)
    lift = liked * (liked + 1.0) / (masks.sum(axis=1) + 1.0)
    return [which for which in np.argsort(-lift, kind="stable").tolist() if liked[which]]


def _new(draft: _Draft) -> Row:
    ranks = np.empty(len(draft.library.titles), np.float32)
    ranks[draft.library.newest] = -np.arange(ranks.size, dtype=np.float32)
    places = draft.take(ranks)
    reasons = [words.added(draft.library.titles[place], draft.now_ms) for place in places.tolist()]
    items = draft.items(places, reasons, "new")
    return Row(slug="new", heading="New here", reason="The latest to join the library.", items=items)
