"""The service over a real workspace: trains, serves, swaps, and follows what viewers do."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from tests.recommendation.conftest import GENRES, KNOBS, NOW, add_films, add_viewing

from matinee.base.backends import Backends
from matinee.base.errors import Conflict, NotFound
from matinee.catalog.records import Kind, TitleDraft, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.events import codec
from matinee.events.records import ListChange, Play, Progress, Rating, Thumb
from matinee.events.service import Service as Events
from matinee.recommendation.records import HomePage, Row
from matinee.recommendation.service import Service, shown
from matinee.recommendation.settings import RecommendationSettings

STRANGER = Viewer(id=900, name="A stranger")


def page(service: Service, viewer: Viewer = STRANGER, now_ms: int = NOW) -> HomePage:
    return service.page(viewer, now_ms, Random(0))


def rows(found: HomePage) -> dict[str, Row]:
    return {row.slug: row for row in found.rows}


def ids(row: Row) -> list[int]:
    return [item.title.id for item in row.items]


def trained(backends: Backends, service: Service) -> tuple[list[int], list[int]]:
    films = add_films(backends)
    viewers = add_viewing(backends, films)
    service.train(NOW, np.random.default_rng(0))
    return films, viewers


def test_before_anything_was_done_training_says_what_is_missing(backends: Backends, service: Service) -> None:
    assert (page(service).hero, page(service).rows) == (None, ())
    add_films(backends)
    with pytest.raises(Conflict, match="nothing to learn from"):
        service.train(NOW, np.random.default_rng(0))
    assert page(service).hero is not None


def test_top_picks_fit_the_history(backends: Backends, service: Service) -> None:
    _, viewers = trained(backends, service)
    for number in range(6):
        picks = rows(page(service, Viewer(id=viewers[number], name="V")))["top-picks"]
        assert [item.title.genres for item in picks.items[:3]] == [(GENRES[number % 3],)] * 3
        assert all(item.model.startswith("als-") for item in picks.items)


def test_a_play_changes_the_next_page_without_training(backends: Backends, service: Service) -> None:
    films, _ = trained(backends, service)
    before = rows(page(service))
    assert before["top-picks"].heading == "A good place to start"
    one: dict[str, Any] = {"viewer_id": STRANGER.id, "title_id": films[3], "play": "play-001"}
    Events(backends).record(
        [
            Play(id="event-01", at_ms=NOW, **one),
            Progress(id="event-02", at_ms=NOW + 1, position_s=600, duration_s=6000, **one),
        ]
    )
    after = rows(page(service))
    assert ids(after["continue-watching"]) == [films[3]]
    assert after["continue-watching"].items[0].progress == 0.1
    assert after[f"because-{films[3]}"].heading == "Because you watched Film 3"
    genres = [item.title.genres for item in after["top-picks"].items[:4]]
    assert genres == [(GENRES[0],)] * 4
    assert films[3] not in [id_ for slug, row in after.items() if slug != "continue-watching" for id_ in ids(row)]


def test_thumbs_ratings_and_the_list_change_the_next_page(backends: Backends, service: Service) -> None:
    films, _ = trained(backends, service)
    common: dict[str, Any] = {"viewer_id": STRANGER.id, "at_ms": NOW}
    events = Events(backends)
    events.record([Thumb(id="event-01", title_id=films[1], value=1, **common)])
    assert rows(page(service))["top-picks"].items[0].title.genres == (GENRES[1],)
    events.record([Thumb(id="event-02", title_id=films[1], value=0, **{**common, "at_ms": NOW + 1})])
    assert rows(page(service))["top-picks"].heading == "A good place to start"
    events.record([Rating(id="event-03", title_id=films[2], stars=5, **common)])
    events.record([ListChange(id="event-04", title_id=films[5], on=True, **common)])
    after = rows(page(service))
    assert after["top-picks"].items[0].title.genres == (GENRES[2],)
    assert ids(after["my-list"]) == [films[5]]


def test_dislikes_alone_leave_the_start_page_without_what_was_disliked(backends: Backends, service: Service) -> None:
    films, _ = trained(backends, service)
    Events(backends).record(
        [Thumb(id=f"event-{film:04d}", viewer_id=STRANGER.id, title_id=film, at_ms=NOW, value=-1) for film in films[:5]]
    )
    found = page(service)
    assert not set(films[:5]) & {item.title.id for row in found.rows for item in row.items}
    assert found.hero is not None


def test_cold_titles_are_new_and_then_trend(backends: Backends, service: Service) -> None:
    _, viewers = trained(backends, service)
    one = Viewer(id=viewers[0], name="V")
    cold = add_films(backends, 3, first=900)
    assert set(ids(rows(page(service, one))["new"])) >= set(cold)
    for viewer in range(3):
        key = f"play-{viewer:04d}"
        Events(backends).record([Play(id=key, viewer_id=viewers[-1] - viewer, title_id=cold[0], at_ms=NOW, play=key)])
    trending = rows(page(service, one))["trending"]
    assert trending.heading == "Trending now"
    assert trending.items[0].title.id == cold[0]
    assert trending.items[0].reason == "Watched by 3 viewers lately"


def test_who_plays_a_cold_title_gets_its_like_by_content(backends: Backends, service: Service) -> None:
    trained(backends, service)
    cold = add_films(backends, 12, first=900)
    key = "play-0001"
    Events(backends).record([Play(id=key, viewer_id=STRANGER.id, title_id=cold[0], at_ms=NOW, play=key)])
    because = rows(page(service))[f"because-{cold[0]}"]
    assert {item.title.genres for item in because.items} == {(GENRES[0],)}
    assert {item.model for item in because.items} == {"content"}


def test_a_child_sees_nothing_beyond_its_age(backends: Backends, service: Service) -> None:
    films, _ = trained(backends, service)
    grown = add_films(backends, 30, first=500, maturity=16) + add_films(backends, 5, first=600, maturity=None)
    child = Viewer(id=901, name="A child", maturity=12, child=True)
    found = page(service, child)
    shown = {item.title.id for row in found.rows for item in row.items}
    assert shown
    assert not shown & set(grown)
    assert not {title.id for title in service.similar(films[0], child, 50)} & set(grown)
    with pytest.raises(NotFound):
        service.similar(grown[0], child)
    with pytest.raises(NotFound):
        service.similar(99_999, STRANGER)


def test_similar_titles_are_of_a_kind(backends: Backends, service: Service) -> None:
    films, _ = trained(backends, service)
    found = service.similar(films[0], STRANGER, 5)
    assert [title.genres for title in found] == [(GENRES[0],)] * 5
    assert films[0] not in {title.id for title in found}


def test_a_running_service_takes_up_what_another_trained(backends: Backends, service: Service) -> None:
    _, viewers = trained(backends, service)
    viewer = Viewer(id=viewers[0], name="V")
    first = rows(page(service, viewer))["top-picks"].items[0].model
    other = Service(backends, RecommendationSettings(**{**KNOBS, "factors": 4}))
    report = other.train(NOW + 1, np.random.default_rng(1))
    assert rows(page(service, viewer))["top-picks"].items[0].model == f"als-{report.version}" != first
    newest = service.versions()[1]
    assert f"als-{other.roll_back()}" == first
    assert other.roll_back(newest) == newest == service.versions()[1]  # and forward again
    with pytest.raises(NotFound):
        other.roll_back("0000000000000-00000000")
    assert service.versions()[1] == newest
    other.roll_back()
    assert rows(page(service, viewer))["top-picks"].items[0].model == first


@pytest.mark.logs_errors
def test_a_damaged_model_is_told_while_what_is_served_goes_on(
    backends: Backends, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    _, viewers = trained(backends, service)
    viewer = Viewer(id=viewers[0], name="V")
    before = page(service, viewer).rows
    other = Service(backends, RecommendationSettings(**KNOBS))
    version = other.train(NOW + 1, np.random.default_rng(0)).version
    backends.objects.put(f"models/taste/{version}/als.npz", b"damaged")
    with caplog.at_level("ERROR"):
        assert page(service, viewer).rows == before
        assert page(service, viewer).rows == before
        assert page(Service(backends, RecommendationSettings(**KNOBS)), viewer).rows == before  # it has just begun
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2  # of each service one
    assert all(version in said and "has changed since" in said for said in told)
    service.roll_back()
    assert page(service, viewer).rows == before


def test_a_page_shown_is_recorded_once(backends: Backends, service: Service) -> None:
    _, viewers = trained(backends, service)
    found = page(service, Viewer(id=viewers[0], name="V"))
    event = shown(found)
    assert codec.decode(codec.encode(event)) == codec.load(codec.encode(event)) == event
    impressions = list(event.impressions())
    assert len(impressions) == 1 + sum(len(row.items) for row in found.rows) > 30
    assert {one.propensity for one in impressions} == {1.0}
    assert [one.row_position for one in impressions] == sorted(one.row_position for one in impressions)
    events = Events(backends)
    assert events.record([event]).accepted == 1
    assert events.record([shown(found)]).accepted == 0


def test_training_forgets_titles_that_left_and_knows_episodes_as_their_series(
    backends: Backends, service: Service
) -> None:
    catalog = Catalog(backends)
    [series] = catalog.merge([TitleDraft(kind=Kind.SERIES, name="Series")], NOW).ids
    [season] = catalog.merge([TitleDraft(kind=Kind.SEASON, name="S", parent_id=series, number=1)], NOW).ids
    [episode] = catalog.merge([TitleDraft(kind=Kind.EPISODE, name="E", parent_id=season, number=1)], NOW).ids
    Events(backends).record_ratings([1, 2], [episode, 5000], [5, 5], [1, 1])
    report = service.train(NOW, np.random.default_rng(0))
    assert (report.viewers, report.titles, report.interactions) == (1, 1, 1)
    hero = page(service).hero
    assert hero is not None
    assert hero.title.id == series
