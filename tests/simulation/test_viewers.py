"""The people of a world and their month: valid events, choices that follow taste, and a taste that can be recovered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest

from matinee.base.clock import DAY_MS
from matinee.events import codec
from matinee.events.records import Event, Impression, Play, Progress, Quality, Rating, Stop, Thumb
from matinee.learning.model import History
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.popularity import Popularity
from matinee.simulation.films import everything
from matinee.simulation.viewers import Offer, affinity, allowed, people
from matinee.simulation.viewing import DAYS, fame, month
from matinee.subsystems import create_workspace

NOW_MS = 1_795_000_000_000
SEED = 7
WATCHERS = people(SEED, 300, ["Paolo Venn", "Aiko Brandt"])
OFFERS = tuple(
    Offer(
        title_id=100 + number,
        name=film.name,
        genres=film.genres,
        mood=film.mood,
        people=(film.director, *(name for name, _ in film.cast)),
        pace=film.pace,
        maturity=film.maturity,
        duration_s=film.duration_s,
        episodes=((501, 10.0), (502, 11.0)) if number == 20 else (),
    )
    for number, film in enumerate(film for film in everything() if not film.series)
)
IDS = {person.key: 1000 + number for number, person in enumerate(WATCHERS)}
ROW = {viewer_id: row for row, viewer_id in enumerate(IDS.values())}
COLUMN = {offer.title_id: column for column, offer in enumerate(OFFERS)} | {501: 20, 502: 20}


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return month(WATCHERS, IDS, OFFERS, NOW_MS, SEED)


def test_the_same_seed_gives_the_same_month(events: list[Event]) -> None:
    assert month(WATCHERS, IDS, OFFERS, NOW_MS, SEED) == events
    assert month(WATCHERS[:5], IDS, OFFERS, NOW_MS, SEED + 1) != month(WATCHERS[:5], IDS, OFFERS, NOW_MS, SEED)


def test_there_are_tens_of_thousands_of_events_within_the_month(events: list[Event]) -> None:
    assert 20_000 < len(events) < 100_000
    assert all(NOW_MS - DAYS * DAY_MS <= event.at_ms <= NOW_MS for event in events)
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)
    assert len({event.id for event in events}) == len(events)
    kinds = Counter(type(event).__name__ for event in events)
    assert set(kinds) == {
        "Impression",
        "Play",
        "Progress",
        "Stop",
        "Rating",
        "Thumb",
        "ListChange",
        "Search",
        "Quality",
    }


def test_every_event_is_one_that_the_service_accepts(events: list[Event]) -> None:
    for event in Random(1).sample(events, 4000):
        assert codec.decode(codec.encode(event)) == event


def test_a_playing_makes_sense(events: list[Event]) -> None:
    plays = {event.play: event for event in events if isinstance(event, Play)}
    stops = {event.play: event for event in events if isinstance(event, Stop)}
    assert len(plays) > 1500
    assert stops.keys() <= plays.keys()
    for key, stop in stops.items():
        assert stop.viewer_id == plays[key].viewer_id
        assert 0 <= stop.position_s <= stop.duration_s
        assert stop.at_ms >= plays[key].at_ms
    for event in events:
        if isinstance(event, Progress | Quality):
            assert event.play in plays
    shown = {(event.page, event.title_id) for event in events if isinstance(event, Impression)}
    films = [event for event in plays.values() if event.title_id not in (501, 502)]
    assert all((event.page, event.title_id) in shown for event in films)


def test_nobody_sees_what_is_for_an_older_age(events: list[Event]) -> None:
    permitted = allowed(WATCHERS, OFFERS)
    assert not permitted.all()
    for event in events:
        if isinstance(event, Impression | Play):
            assert permitted[ROW[event.viewer_id], COLUMN[event.title_id]]


def test_propensities_are_the_frequencies_of_what_is_shown(events: list[Event]) -> None:
    """Weighting by 1 / propensity makes the first place uniform over what an adult may see."""
    first = [
        e for e in events if isinstance(e, Impression) and e.position == 0 and WATCHERS[ROW[e.viewer_id]].maturity == 18
    ]
    weights = np.zeros(len(OFFERS))
    for event in first:
        weights[COLUMN[event.title_id]] += 1 / event.propensity
    shares = weights / len(first)
    assert shares == pytest.approx(np.ones(len(OFFERS)), abs=0.45)
    assert np.mean(shares) == pytest.approx(1, abs=0.08)


def test_what_is_shown_follows_zipfs_law(events: list[Event]) -> None:
    counts = Counter(event.title_id for event in events if isinstance(event, Impression) and event.position == 0)
    ranked = np.array(sorted(counts.values(), reverse=True), float)
    slope = np.polyfit(np.log(np.arange(1, len(ranked) + 1)), np.log(ranked), 1)[0]
    assert -1.2 < slope < -0.4
    assert fame(SEED, 30).sum() == pytest.approx(1)


def test_choices_and_verdicts_follow_taste(events: list[Event]) -> None:
    truth = affinity(WATCHERS, OFFERS)
    assert truth.mean(axis=1) == pytest.approx(np.zeros(len(WATCHERS)), abs=1e-9)

    def liking(kind: type) -> np.ndarray:
        return np.array([truth[ROW[e.viewer_id], COLUMN[e.title_id]] for e in events if isinstance(e, kind)])

    assert liking(Play).mean() > liking(Impression).mean() + 0.5
    stars = np.array([event.stars for event in events if isinstance(event, Rating)])
    assert np.corrcoef(stars, liking(Rating))[0, 1] > 0.6
    thumbs = np.array([event.value for event in events if isinstance(event, Thumb)])
    assert liking(Thumb)[thumbs > 0].mean() > liking(Thumb)[thumbs < 0].mean() + 0.8
    share = np.array([event.position_s / event.duration_s for event in events if isinstance(event, Stop)])
    assert np.corrcoef(share, liking(Stop))[0, 1] > 0.2


def test_children_watch_in_the_afternoon_and_adults_at_night(events: list[Event]) -> None:
    hours: dict[bool, list[float]] = {True: [], False: []}
    for event in events:
        if isinstance(event, Play):
            hours[WATCHERS[ROW[event.viewer_id]].child].append(event.at_ms / 3_600_000 % 24)
    assert np.median(hours[True]) < 18 < np.median(hours[False])


def test_tastes_differ_between_temperaments() -> None:
    truth = affinity(WATCHERS, OFFERS)
    names = [offer.name for offer in OFFERS]
    by = {
        kind: truth[[p.temperament == kind for p in WATCHERS]].mean(axis=0)
        for kind in {p.temperament for p in WATCHERS}
    }
    assert names[int(by["quiet nature"].argmax())] in {"Above the Weather", "Green Fire", "The Pale Drifters"}
    assert "Horror" in OFFERS[int(by["shivers"].argmax())].genres
    assert "Crime" in OFFERS[int(by["dark streets"].argmax())].genres


def test_a_model_recovers_tastes_that_popularity_cannot(events: list[Event], tmp_path: Path) -> None:
    """Of what each has not seen, the model's first three are liked better, by the hidden truth, than the most popular.

    The month goes through the real service, so that the model sees what it would see.
    """
    with create_workspace(tmp_path / "workspace") as workspace:
        service = workspace.service("events")
        for start in range(0, len(events), 4000):
            service.record(events[start : start + 4000])
        known = service.interactions()
    rows = [ROW[viewer] for viewer in known.viewer_ids.tolist()]
    columns = [COLUMN[title] for title in known.title_ids.tolist()]
    truth = affinity(WATCHERS, OFFERS)[np.ix_(rows, columns)]
    open_ = allowed(WATCHERS, OFFERS)[np.ix_(rows, columns)] & (known.values.toarray() == 0)
    histories = [
        History.of(known.title_ids, dict(zip(known.title_ids[found].tolist(), values.tolist(), strict=True)))
        for found, values, _ in map(known.history, range(len(rows)))
    ]

    def liking(scores: np.ndarray) -> float:
        best = np.argsort(-np.where(open_, scores, -np.inf), axis=1)[:, :3]
        some = open_.sum(axis=1) >= 6
        return float(np.take_along_axis(truth, best, axis=1)[some].mean())

    rng = np.random.default_rng(1)
    learned = liking(ImplicitALS(factors=16, dislike_below=2.5).fit(known, rng).score(histories))
    popular = liking(Popularity().fit(known, rng).score(histories))
    chance = liking(rng.random(truth.shape))
    assert learned > popular + 0.15
    assert learned > chance + 0.3
