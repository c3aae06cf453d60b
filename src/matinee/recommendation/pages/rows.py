"""The rows of a page, each a function of the draft: it takes what it shows, so that no title is picked twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from matinee.base.ids import slug
from matinee.recommendation import words
from matinee.recommendation.library import Ints
from matinee.recommendation.moment import FAMILY_AGE, LONG_S, SHORT_S, Lifts, Moment
from matinee.recommendation.pages import exploring
from matinee.recommendation.pages.draft import Draft
from matinee.recommendation.pages.ranking import reranked
from matinee.recommendation.records import Item, Row
from matinee.recommendation.taste import Liked

BECAUSE, GENRES = 3, 4
POOL = 3
"""Picks are chosen from so many times their number."""
FITS = 0.3
"""Lift from which a trait is worth a row at a moment."""


def hero(draft: Draft) -> Item | None:
    """One film that can be played, the best by own scores; else the best of all; else one that was begun."""
    library, scores = draft.library, draft.scores
    for pool in (draft.free & library.playable, draft.free):
        places = np.flatnonzero(pool)
        if places.size:
            place = int(places[scores[places].argmax()])
            draft.free[place] = False
            model, fallback = _who(draft, place)
            return Item(
                title=library.titles[place],
                position=0,
                reason=_sentence(draft, place, draft.near(np.array([place]))[0]),
                model=model,
                fallback=fallback if draft.fresh else "all-seen",
            )
    for begun in draft.taste.begun:
        reason = f"{words.left(begun)}."
        return Item(
            title=begun.title,
            position=0,
            reason=reason,
            model="continue",
            fallback="all-seen",
            progress=begun.progress,
        )
    return None


def _who(draft: Draft, place: int) -> tuple[str, str]:
    """Model and fallback of a title that was chosen by own scores, or for lack of them by what is trending."""
    if draft.candidates.personal[place] > -np.inf:
        return draft.candidates.personal_model, draft.candidates.fallback
    return draft.candidates.popular_model, "unknown-title"


def _sentence(draft: Draft, place: int, near: Liked | None) -> str:
    if not draft.fresh:
        return "You liked it before, and it is worth another evening."
    if near is not None:
        return f"{words.because(near)}, and this is close to it in spirit."
    if draft.candidates.playing[place] > 0:
        return f"{words.played(int(draft.candidates.playing[place]))}, and you have not seen it yet."
    if draft.candidates.personal[place] == -np.inf:
        return f"{words.added(draft.library.titles[place], draft.now_ms)}, and nobody has said a word about it yet."
    return "It fits what you have watched." if draft.taste.liked else "Loved by many, and a good place to start."


def continue_watching(draft: Draft) -> Row:
    """What was begun, the last first."""
    items = tuple(
        Item(title=one.title, position=position, reason=words.left(one), model="continue", progress=one.progress)
        for position, one in enumerate(draft.taste.begun[: draft.knobs.row_length])
    )
    return Row(slug="continue-watching", heading="Continue watching", reason="You began these.", items=items)


def my_list(draft: Draft) -> Row:
    """What the viewer put there, the newest first."""
    progress = {one.title.id: one.progress for one in draft.taste.begun}
    items = tuple(
        Item(title=title, position=position, reason="On your list", model="list", progress=progress.get(title.id))
        for position, title in enumerate(draft.taste.listed[: draft.knobs.row_length])
    )
    return Row(slug="my-list", heading="My list", reason="You put these here.", items=items)


def picks(draft: Draft) -> Row:
    """The best by own scores: varied, in the viewer's mixture, and a few of them left to chance."""
    candidates = draft.candidates
    places, chances = _picked(draft)
    if not draft.fresh:
        reasons = ["You liked it before"] * places.size
        heading, why = "Worth another evening", "You have seen everything here; these you liked."
    elif draft.taste.strengths:
        reasons = [words.because(one) if one else "Fits your taste" for one in draft.near(places)]
        heading, why = "Top picks for you", "The best matches for all you have watched and rated."
    else:
        reasons = ["Loved by many"] * places.size
        heading, why = "A good place to start", "What most viewers here loved; it becomes yours as you watch."
    items = draft.items(places, reasons, candidates.personal_model, candidates.fallback, chances)
    return Row(slug="top-picks", heading=heading, reason=why, items=items)


def _picked(draft: Draft) -> tuple[Ints, list[float]]:
    """The picks in order, and with which probability each stands in its place."""
    scores, knobs = draft.candidates.personal, draft.knobs
    free = int(np.count_nonzero(draft.free))
    open_slots = exploring.slots(draft.length, knobs.exploration) if draft.rng is not None and draft.fresh else []
    ordered = draft.best(scores, POOL * draft.length + exploring.POOL * len(open_slots))
    order = _order(draft, ordered[: POOL * draft.length], draft.length)
    certain = order[: draft.length - len(open_slots)]
    left = np.ones(ordered.size, bool)
    left[certain] = False
    pools = exploring.pools_of(ordered[left], len(open_slots), free) if len(order) == draft.length else []
    if not pools or draft.rng is None:
        chosen = ordered[order]
        draft.free[chosen] = False
        return chosen, [1.0] * chosen.size
    chosen = ordered[certain]
    row, chances = chosen.tolist(), [1.0] * chosen.size
    draft.free[chosen] = False
    for slot, pool in zip(open_slots, pools, strict=True):
        drawn = exploring.draw(scores[pool], draft.rng)
        draft.free[pool] = False  # whoever was not drawn sits this page out: see `exploring`
        row.insert(slot, int(pool[drawn.choice]))
        chances.insert(slot, drawn.propensity)
    return np.array(row, np.int64), chances


def _order(draft: Draft, pool: Ints, n: int) -> Ints:
    """Which `n` of a pool, and in which order."""
    library, liked = draft.library, [one.place for one in draft.taste.liked]
    mixtures = library.mixtures
    wanted = mixtures[liked].mean(axis=0) if liked else np.zeros(mixtures.shape[1], np.float32)
    return reranked(
        draft.candidates.personal[pool],
        draft.candidates.vectors[pool],
        mixtures[pool],
        wanted,
        n,
        diversity=draft.knobs.diversity,
        calibration=draft.knobs.calibration,
    )


def because(draft: Draft) -> Iterator[Row]:
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


def _because_of(draft: Draft, liked: Liked) -> Row | None:
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
    places = draft.take(draft.rested(likeness), near)
    name = liked.title.name
    fallback = "" if known else "unknown-title"
    items = draft.items(places, [f"Like {name}"] * places.size, model, fallback)
    why = f"Viewers of {name} watched these too." if known else f"They have much in common with {name}."
    return Row(slug=f"because-{liked.title.id}", heading=words.because(liked), reason=why, items=items)


def trending(draft: Draft) -> Row:
    """What everybody is playing."""
    candidates = draft.candidates
    places = draft.take(draft.rested(candidates.trending), candidates.trending > 0)
    live = bool((candidates.playing[places] > 0).any())
    reasons = [words.played(int(one)) for one in candidates.playing[places]]
    return Row(
        slug="trending",
        heading="Trending now" if live else "Loved by everyone",
        reason="What viewers here are playing these days." if live else "What viewers here have watched most.",
        items=draft.items(places, reasons, candidates.popular_model),
    )


def genres(draft: Draft) -> Iterator[Row]:
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
        items = _items_by_score(draft, places, reasons)
        yield Row(slug=f"genre-{slug(genre)}", heading=heading, reason=why, items=items)
        made += 1
        if made == GENRES:
            return


def _items_by_score(draft: Draft, places: Ints, reasons: list[str]) -> tuple[Item, ...]:
    """Items of a row that was filled by own scores, and behind them by what is trending."""
    candidates = draft.candidates
    if bool((candidates.personal[places] > -np.inf).all()):
        return draft.items(places, reasons, candidates.personal_model, candidates.fallback)
    items = draft.items(places, reasons, candidates.personal_model)
    told = [_who(draft, place) for place in places.tolist()]
    return tuple(
        replace(item, model=model, fallback=fallback if draft.fresh else item.fallback)
        for item, (model, fallback) in zip(items, told, strict=True)
    )


def for_the_moment(draft: Draft, moment: Moment, lifts: Lifts) -> Row | None:
    """What this part of the day, on this device, is for: the trait that it lifts most."""
    trait = max(lifts.traits, key=lambda one: lifts.traits[one])
    if lifts.traits[trait] < FITS or not draft.fresh:
        return None
    library = draft.library
    within = {
        "short": library.runtime_s <= SHORT_S,
        "long": library.runtime_s >= LONG_S,
        "family": library.age <= FAMILY_AGE,
    }[trait]
    places = draft.best(draft.scores, draft.length, within)
    if places.size < draft.fewest:
        return None
    draft.free[places] = False
    heading, why = words.moment(trait, moment)
    reasons = [
        words.because(one) if one else words.fits(trait, library.titles[place])
        for one, place in zip(draft.near(places), places.tolist(), strict=True)
    ]
    return Row(slug=f"moment-{trait}", heading=heading, reason=why, items=_items_by_score(draft, places, reasons))


def _own_genres(draft: Draft) -> list[int]:
    """Genres by how much more of them the viewer liked than the library holds; small numbers count less."""
    masks = draft.library.of_genre
    if not draft.taste.liked:
        return list(range(len(masks)))
    liked = masks[:, [one.place for one in draft.taste.liked]].sum(axis=1)
    lift = liked * (liked + 1.0) / (masks.sum(axis=1) + 1.0)
    return [which for which in np.argsort(-lift, kind="stable").tolist() if liked[which]]


def new(draft: Draft) -> Row:
    """The latest to join."""
    ranks = np.empty(len(draft.library.titles), np.float32)
    ranks[draft.library.newest] = -np.arange(ranks.size, dtype=np.float32)
    places = draft.take(ranks)
    reasons = [words.added(draft.library.titles[place], draft.now_ms) for place in places.tolist()]
    items = draft.items(places, reasons, "new")
    return Row(slug="new", heading="New here", reason="The latest to join the library.", items=items)
