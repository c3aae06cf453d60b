"""A month of viewing: what the people of a world did, as events, with the reasons that they have (see `viewers`).

A visit shows a viewer a page of titles, the well-known ones more often; of those the viewer plays what appeals, the
first places having an advantage, leaves what disappoints, and now and then says what it was like. The propensity of
each impression is exact: the probability with which that title came to that place, given the ones before it.
"""

# ruff: noqa: PLR0917  an event needs who, what, when and where
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from matinee.base.clock import DAY_MS, HOUR_MS, SECOND_MS
from matinee.base.ids import stable_id
from matinee.events.records import (
    Event,
    Impression,
    ListChange,
    Play,
    Progress,
    Quality,
    Rating,
    Search,
    Stop,
    Thumb,
)
from matinee.simulation.viewers import Floats, Offer, Person, affinity, allowed

DAYS = 30
SHOWN = 8
"""Titles on a page."""
MODEL = "editorial-1"
_FAME = 0.75
"""Exponent of Zipf's law by which titles are put on pages."""
_APPEAL, _NOTHING, _PLACE, _AGAIN = 1.35, 1.6, 0.12, 2.2
"""Weight of taste, of playing nothing, of each place further down, and of having seen it."""


@dataclass
class _Life:
    """What one viewer has done so far."""

    person: Person
    viewer_id: int
    tastes: Floats
    """Affinity to each offer."""
    may_see: NDArray[np.bool_]
    rng: np.random.Generator
    numbers: Iterator[int]
    seen: Floats = field(default_factory=lambda: np.zeros(0))
    """How much of each offer has been seen, 0 to 1 and beyond."""
    listed: set[int] = field(default_factory=set)
    episodes: dict[int, int] = field(default_factory=dict)
    """How many episodes of each series have been seen."""


def fame(seed: int, count_: int) -> Floats:
    """How often each of `count_` titles is put on a page, relative to one another: Zipf's law over a random order."""
    ranks = np.random.default_rng((seed, 0xFA)).permutation(count_) + 1
    shares = ranks**-_FAME
    return np.asarray(shares / shares.sum(), np.float64)


def month(
    watchers: Sequence[Person], viewer_ids: Mapping[str, int], offers: Sequence[Offer], now_ms: int, seed: int
) -> list[Event]:
    """All events of the month that ends at `now_ms`, in the order of time; the same for the same arguments."""
    tastes, permitted, shares = affinity(watchers, offers), allowed(watchers, offers), fame(seed, len(offers))
    events: list[Event] = []
    for row, person in enumerate(watchers):
        life = _Life(
            person=person,
            viewer_id=viewer_ids[person.key],
            tastes=tastes[row],
            may_see=permitted[row],
            rng=np.random.default_rng((seed, 0x11FE, row)),
            numbers=count(),
            seen=np.zeros(len(offers)),
        )
        for at_ms in _visits(life, now_ms):
            events += _visit(life, offers, shares, at_ms, seed)
    return sorted((event for event in events if event.at_ms <= now_ms), key=lambda event: (event.at_ms, event.id))


def _visits(life: _Life, now_ms: int) -> list[int]:
    """When this viewer opens the site; more at the weekend."""
    rng, midnight = life.rng, now_ms - now_ms % DAY_MS
    times = []
    for day in range(DAYS, -1, -1):
        date = midnight - day * DAY_MS
        weekend = (date // DAY_MS + 3) % 7 >= 5  # 1 January 1970 was a Thursday
        for _ in range(rng.poisson(life.person.visits_a_day * (1.5 if weekend else 0.85))):
            hour = rng.normal(life.person.hour - (1.5 if weekend else 0), 1.3) % 24
            times.append(int(date + hour * HOUR_MS))
    return sorted(at for at in times if now_ms - DAYS * DAY_MS <= at < now_ms - 10 * 60 * SECOND_MS)


def _visit(life: _Life, offers: Sequence[Offer], shares: Floats, at_ms: int, seed: int) -> list[Event]:
    rng, person = life.rng, life.person
    common: dict[str, Any] = {
        "viewer_id": life.viewer_id,
        "session": stable_id(seed, person.key, "visit", next(life.numbers)),
        "device": person.device,
    }
    page = stable_id(seed, person.key, "page", next(life.numbers))
    shown, propensities = _page(life, shares)
    events: list[Event] = [
        Impression(
            id=_id(life, seed), at_ms=at_ms, title_id=offers[one].title_id, page=page, row="featured", row_position=0,
            position=position, reason="Featured", model=MODEL, propensity=float(propensity), **common,
        )
        for position, (one, propensity) in enumerate(zip(shown, propensities, strict=True))
    ]  # fmt: skip
    if rng.random() < 0.06:
        events.append(_search(life, offers, at_ms + 8 * SECOND_MS, seed, common))
    chosen = _choice(life, shown)
    if chosen is not None:
        events += _playing(life, offers, chosen, at_ms + int(rng.uniform(5, 60) * SECOND_MS), seed, common, page)
    events += _listing(life, offers, shown, chosen, at_ms + 4 * SECOND_MS, seed, common)
    return events


def _id(life: _Life, seed: int) -> str:
    return stable_id(seed, life.person.key, next(life.numbers))


def _page(life: _Life, shares: Floats) -> tuple[list[int], list[float]]:
    """Titles for the places of a page, drawn one after the other, and the probability of each draw."""
    weights = np.where(life.may_see, shares, 0.0)
    places = min(SHOWN, int(np.count_nonzero(weights)))
    shown, propensities = [], []
    for draw in life.rng.random(places):
        shares_now = weights / weights.sum()
        one = min(int(np.searchsorted(np.cumsum(shares_now), draw, "right")), len(weights) - 1)
        while not weights[one]:  # rounding at the very end of the scale
            one -= 1
        shown.append(one)
        propensities.append(shares_now[one])
        weights[one] = 0.0
    return shown, propensities


def _choice(life: _Life, shown: Sequence[int]) -> int | None:
    """Which of the shown titles is played, if any: the larger its appeal, the likelier (logit)."""
    appeal = _APPEAL * life.tastes[shown] - _PLACE * np.arange(len(shown)) - _AGAIN * life.seen[shown]
    weights = np.exp(np.append(appeal, _NOTHING))
    pick = int(np.searchsorted(np.cumsum(weights / weights.sum()), life.rng.random(), "right"))
    return shown[pick] if pick < len(shown) else None


def _playing(
    life: _Life, offers: Sequence[Offer], chosen: int, at_ms: int, seed: int, common: Mapping[str, Any], page: str
) -> list[Event]:
    rng, offer, person = life.rng, offers[chosen], life.person
    title_id, duration_s = offer.title_id, offer.duration_s
    if offer.episodes:
        number = life.episodes.get(offer.title_id, 0) % len(offer.episodes)
        title_id, duration_s = offer.episodes[number]
    share = _share_watched(life, chosen)
    play, watched_s = stable_id(seed, person.key, "play", next(life.numbers)), share * duration_s
    about: dict[str, Any] = {"title_id": title_id, "play": play, **common}
    end_ms = at_ms + int(watched_s * SECOND_MS)
    events: list[Event] = [Play(id=_id(life, seed), at_ms=at_ms, page=page, row="featured", **about)]
    events += [
        Progress(id=_id(life, seed), at_ms=at_ms + int(part * duration_s * SECOND_MS), position_s=part * duration_s,
                 duration_s=duration_s, **about)
        for part in (0.25, 0.5, 0.75)
        if part < share
    ]  # fmt: skip
    events.append(Stop(id=_id(life, seed), at_ms=end_ms, position_s=watched_s, duration_s=duration_s,
                       watched_s=watched_s, **about))  # fmt: skip
    events.append(_quality(life, end_ms, seed, about))
    life.seen[chosen] += share / max(1, len(offer.episodes))
    if offer.episodes and share > 0.85:
        life.episodes[offer.title_id] = life.episodes.get(offer.title_id, 0) + 1
    events += _verdict(life, offer, chosen, end_ms + int(rng.uniform(2, 30) * SECOND_MS), seed, common)
    return events


def _share_watched(life: _Life, chosen: int) -> float:
    """How much of it is watched: to the end where it pleases, where it does not, as long as patience lasts."""
    pleasure = life.tastes[chosen] + life.rng.normal(0, 0.5)
    stays = 1 / (1 + np.exp(-(1.6 * pleasure + 0.6 + 1.2 * life.person.patience)))
    return 1.0 if life.rng.random() < stays else float(np.clip(life.rng.beta(1.4, 2.6), 0.03, 0.95))


def _verdict(life: _Life, offer: Offer, chosen: int, at_ms: int, seed: int, common: Mapping[str, Any]) -> list[Event]:
    rng, taste = life.rng, life.tastes[chosen]
    said: list[Event] = []
    if rng.random() < 0.16:
        stars = float(np.clip(np.round(2 * (3.3 + 0.85 * taste + rng.normal(0, 0.45))) / 2, 0.5, 5))
        said.append(Rating(id=_id(life, seed), at_ms=at_ms, title_id=offer.title_id, stars=stars, **common))
    elif rng.random() < 0.22:
        value: Literal[-1, 1] = 1 if taste + rng.normal(0, 0.4) > 0 else -1
        said.append(Thumb(id=_id(life, seed), at_ms=at_ms, title_id=offer.title_id, value=value, **common))
    if chosen in life.listed and rng.random() < 0.8:
        life.listed.discard(chosen)
        said.append(ListChange(id=_id(life, seed), at_ms=at_ms, title_id=offer.title_id, on=False, **common))
    return said


def _listing(
    life: _Life, offers: Sequence[Offer], shown: Sequence[int], chosen: int | None, at_ms: int, seed: int,
    common: Mapping[str, Any],
) -> list[Event]:  # fmt: skip
    """Now and then the most appealing of what was shown but not played is kept for later."""
    kept = [one for one in shown if one != chosen and one not in life.listed and life.tastes[one] > 0.4]
    if not kept or life.rng.random() > 0.10:
        return []
    best = max(kept, key=lambda one: float(life.tastes[one]))
    life.listed.add(best)
    return [ListChange(id=_id(life, seed), at_ms=at_ms, title_id=offers[best].title_id, on=True, **common)]


def _search(life: _Life, offers: Sequence[Offer], at_ms: int, seed: int, common: Mapping[str, Any]) -> Search:
    """Somebody looks for a film by a part of its name, for a person or a genre."""
    offer = offers[int(life.rng.choice(np.flatnonzero(life.may_see)))]
    words = (offer.name.lower()[: int(life.rng.integers(4, 12))].strip(), *offer.people[:2], *offer.genres[:1])
    query = words[int(life.rng.integers(len(words)))]
    results = sum(
        query.lower() in " ".join((one.name, *one.people, *one.genres)).lower()
        for one, may in zip(offers, life.may_see, strict=True)
        if may
    )
    return Search(id=_id(life, seed), at_ms=at_ms, query=query, results=results, **common)


def _quality(life: _Life, at_ms: int, seed: int, about: Mapping[str, Any]) -> Quality:
    """What the line allowed this time; a phone has half of it."""
    rng = life.rng
    line = (
        life.person.throughput_kbps * float(np.exp(rng.normal(0, 0.35))) * (0.5 if life.person.device == "phone" else 1)
    )
    bitrate = next((rung for rung in (2400, 1300, 700) if rung * 1.4 < line), 350)
    stalls = line < 1.1 * bitrate or rng.random() < 0.02
    return Quality(
        id=_id(life, seed), at_ms=at_ms, startup_ms=int(250 + 4e6 / max(line, 300) * rng.uniform(0.6, 1.6)),
        bitrate_kbps=bitrate, throughput_kbps=int(line), buffer_ms=int(rng.uniform(2000, 12000)),
        stalled_ms=int(rng.exponential(1800)) if stalls else 0, dropped_frames=int(rng.poisson(0.4)),
        switches=int(rng.poisson(1.2)), **about,
    )  # fmt: skip
