"""Serving over a real workspace: lists within filters, reasons, the shelf, moments, weariness and attribution."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.recommendation.conftest import GENRES, KNOBS, NOW, add_films, add_viewing

from matinee.base.backends import Backends
from matinee.base.clock import DAY_MS
from matinee.base.errors import NotFound, SettingsError
from matinee.base.settings import load
from matinee.catalog.records import Kind, TitleDraft, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.events import codec
from matinee.events.records import PageShown, Play, Thumb
from matinee.events.service import IMPRESSIONS
from matinee.events.service import Service as Events
from matinee.learning.model import Context
from matinee.learning.stored import Stored
from matinee.learning.training import ObjectsCheckpoint
from matinee.recommendation.fitting import last_out
from matinee.recommendation.records import Filters, HomePage
from matinee.recommendation.service import Service, shown
from matinee.recommendation.settings import RecommendationSettings

STRANGER = Viewer(id=900, name="A stranger")
HERE = Context(now_ms=NOW)


def trained(backends: Backends, service: Service) -> tuple[list[int], Viewer]:
    films = add_films(backends)
    viewers = add_viewing(backends, films)
    service.train(NOW, np.random.default_rng(0))
    return films, Viewer(id=viewers[0], name="V")


def made(backends: Backends, **knobs: Any) -> Service:
    return Service(backends, RecommendationSettings(**{**KNOBS, "trending_refresh_s": 0, "model_check_s": 0, **knobs}))


def titles_of(page: HomePage, slug: str) -> list[int]:
    return [item.title.id for row in page.rows if row.slug == slug for item in row.items]


def test_a_list_is_personal_and_says_who_served(backends: Backends, service: Service) -> None:
    _, viewer = trained(backends, service)
    found = service.recommend(viewer, 5, HERE)
    assert [one.title.genres for one in found.items] == [(GENRES[0],)] * 5
    assert (found.model, found.fallback, found.words) == (f"als-{service.versions()[1]}", "", "")
    cold = service.recommend(STRANGER, 5, HERE)
    assert (cold.fallback, len(cold.items)) == ("no-history", 5)
    assert cold.model.startswith("popularity-")
    assert {one.fallback for one in cold.items} == {"no-history"}


def test_before_training_the_list_says_so(backends: Backends, service: Service) -> None:
    films = add_films(backends)
    assert service.recommend(STRANGER, 5, HERE).fallback == "untrained"
    Events(backends).record([Thumb(id="event-01", viewer_id=900, title_id=films[0], at_ms=NOW, value=1)])
    found = service.recommend(STRANGER, 5, HERE)
    assert (found.model, found.fallback) == ("content", "untrained")


def test_filters_are_kept_at_request_time(backends: Backends, service: Service) -> None:
    films, viewer = trained(backends, service)
    catalog = Catalog(backends)
    [extra] = catalog.merge(
        [TitleDraft(kind=Kind.FILM, name="Curto", genres=("Horror",), maturity=0, runtime_s=900.0, language="pt-BR")],
        NOW,
    ).ids

    def ids(**filters: Any) -> set[int]:
        found = service.recommend(viewer, 200, HERE, Filters(**filters))
        return {one.title.id for one in found.items}

    assert {catalog.title(one).genres for one in ids(genres=("horror",))} == {("Horror",)}
    assert ids(languages=("pt",)) == ids(longest_s=1000.0) == {extra}
    assert ids(kinds=(Kind.SERIES,)) == set()
    assert {catalog.title(one).year for one in ids(years=(1960, 1962))} <= {1960, 1961, 1962}
    assert extra not in ids(without=(extra,))
    touched = set(Events(backends).state(viewer.id).opinions)
    assert not ids() & touched
    assert touched < ids(seen=True)
    assert films  # the library is not what the filters emptied


def test_nothing_left_is_said_in_words(backends: Backends, service: Service) -> None:
    films, viewer = trained(backends, service)
    empty = service.recommend(viewer, 5, HERE, Filters(genres=("Opera",)))
    assert empty.items == ()
    assert "Nothing in the library passes" in empty.words
    Events(backends).record(
        [Thumb(id=f"event-{one:05d}", viewer_id=900, title_id=one, at_ms=NOW, value=1) for one in films]
    )
    seen = service.recommend(STRANGER, 5, HERE)
    assert (seen.fallback, len(seen.items)) == ("all-seen", 5)
    assert "seen everything" in seen.words
    page = service.page(STRANGER, NOW, Random(0))
    assert {item.fallback for row in page.rows for item in row.items} == {"all-seen"}
    Events(backends).record(
        [Thumb(id=f"event-{one:05d}-b", viewer_id=900, title_id=one, at_ms=NOW + 1, value=-1) for one in films]
    )
    nothing = service.recommend(STRANGER, 5, HERE)
    assert nothing.items == ()
    assert "liked none" in nothing.words


def test_an_explanation_names_what_the_score_rests_on(backends: Backends, service: Service) -> None:
    films, viewer = trained(backends, service)
    best = service.recommend(viewer, 1, HERE).items[0].title
    found = service.explain(viewer, best.id, HERE)
    history = [one for one in found.evidence if one.kind == "history"]
    assert found.rank == 1
    assert 0 < sum(abs(one.weight) for one in history) <= 1 + 1e-6
    assert history[0].weight > 0
    assert history[0].title is not None
    assert history[0].title.genres == best.genres  # viewers here like one genre each
    assert history[0].title.name in found.reason
    other = next(film for film in films[1::3] if film not in Events(backends).state(viewer.id).opinions)
    worse = service.explain(viewer, other, HERE)
    assert worse.rank is not None
    assert worse.rank > found.among // 4
    known = next(iter(Events(backends).state(viewer.id).opinions))
    assert service.explain(viewer, known, HERE).rank is None
    with pytest.raises(NotFound):
        service.explain(replace(viewer, maturity=0), best.id, HERE)


def test_the_shelf_tells_what_was_measured_and_the_best_serves(backends: Backends) -> None:
    service = made(backends, models=("popularity", "als", "item-neighbours", "content"))
    _, viewer = trained(backends, service)
    report = service.shelf_report()
    [version] = report.versions
    figures = {one.name: one.metrics for one in version.models}
    assert set(figures) == {"popularity", "als", "item-neighbours", "content"}
    best = max((one for one in figures if one != "popularity"), key=lambda one: figures[one]["ndcg@10"])
    assert version.served
    assert version.best == best
    assert figures[best]["ndcg@10"] > figures["popularity"]["ndcg@10"]
    assert service.recommend(viewer, 3, HERE).model == f"{best}-{report.current}"
    named = made(backends, recommender="content")
    assert named.recommend(viewer, 3, HERE).model == f"content-{report.current}"
    points = service.taste_map()
    assert len(points.title_ids) == 60 == len(points.x)
    assert max(abs(one) for one in points.x + points.y) == pytest.approx(1)


def test_a_blend_is_fitted_last_and_serves_where_it_is_chosen(backends: Backends) -> None:
    service = made(backends, models=("blend", "popularity", "als"), recommender="blend")
    _, viewer = trained(backends, service)
    found = service.recommend(viewer, 5, HERE)
    assert found.model == f"blend-{service.versions()[1]}"
    assert len({one.title.id for one in found.items}) == 5
    assert service.page(viewer, NOW, Random(0)).hero is not None


def test_the_newest_title_of_each_viewer_is_what_is_held_out(backends: Backends, service: Service) -> None:
    trained(backends, service)
    known = Events(backends).interactions()
    split = last_out(known, 0)
    assert split is not None
    assert split.train.count + split.test.count == known.count
    for row, viewer in enumerate(split.test.viewer_ids.tolist()):
        [title] = split.test.title_ids[split.test.history(row)[0]].tolist()
        whole = known.history(known.viewer_ids.tolist().index(viewer))
        assert title == known.title_ids[whole[0][-1]]


def test_a_candidate_index_serves_what_all_scores_would(backends: Backends, service: Service) -> None:
    _, viewer = trained(backends, service)
    plain = [one.title.id for one in service.recommend(viewer, 10, HERE).items]
    indexed = made(backends, index_from=10)
    assert [one.title.id for one in indexed.recommend(viewer, 10, HERE).items] == plain


def test_an_interrupted_training_goes_on_and_leaves_no_state(
    backends: Backends, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_viewing(backends, add_films(backends))
    whole = service.train(NOW, np.random.default_rng(5))
    saves: list[str] = []

    def save(checkpoint: ObjectsCheckpoint, state: Stored) -> None:
        really(checkpoint, state)
        saves.append(state.kind)
        if len(saves) == 4:
            raise KeyboardInterrupt

    really = ObjectsCheckpoint.save
    monkeypatch.setattr(ObjectsCheckpoint, "save", save)
    with pytest.raises(KeyboardInterrupt):
        service.train(NOW + 1, np.random.default_rng(5))
    assert service.versions() == ([whole.version], whole.version)
    assert [one.key for one in backends.objects.list("checkpoints/")]
    again = service.train(NOW + 2, np.random.default_rng(5))
    assert len(saves) == 2 * 10  # epochs of the measured and the served fit, none of them twice
    assert again.losses == whole.losses
    assert [one.metrics for one in again.models] == [one.metrics for one in whole.models]
    assert list(backends.objects.list("checkpoints/")) == []


def test_what_is_shown_often_and_not_played_sinks(backends: Backends) -> None:
    service = made(backends, fatigue=2.0)
    trained(backends, service)
    one = Viewer(id=901, name="V")
    Events(backends).record([Thumb(id="event-01", viewer_id=901, title_id=1, at_ms=NOW, value=1)])
    first = service.page(one, NOW, Random(0))
    assert first.hero is not None
    now = NOW
    for visit in range(4):
        now = NOW + visit * DAY_MS
        Events(backends).record([replace(shown(first), id=f"page-{visit:05d}", at_ms=now)])
    later = service.page(one, now + 1, Random(0))
    head = titles_of(first, "top-picks")[:5]
    assert later.hero is not None
    assert later.hero.title.id != first.hero.title.id
    assert not set(titles_of(later, "top-picks")[:3]) & set(head[:3])
    told = service.explain(one, head[0], Context(now_ms=now + 1))
    assert any(evidence.kind == "shown" and evidence.weight < 0 for evidence in told.evidence)
    # Weeks later it is as fresh as ever.
    fresh = service.page(one, now + 60 * DAY_MS, Random(0))
    assert set(titles_of(fresh, "top-picks")[:5]) & set(head)


def test_morning_on_the_phone_and_evening_at_the_television_are_two_pages(backends: Backends) -> None:
    service = made(backends)
    trained(backends, service)
    drafts = [
        TitleDraft(
            kind=Kind.FILM,
            name=f"Length {number}",
            genres=(GENRES[number % 3],),
            maturity=0 if number % 5 == 0 else 12,
            runtime_s=(1200.0, 5400.0, 9000.0)[number % 3],
        )
        for number in range(90)
    ]
    Catalog(backends).merge(drafts, NOW)
    midnight = NOW - NOW % DAY_MS

    def at(hour: int, device: str) -> HomePage:
        now = midnight + hour * 3_600_000
        return service.page(STRANGER, now, Random(0), context=Context(now, 0, device))

    morning, evening, bedtime = at(7, "phone"), at(21, "tv"), at(18, "tv")
    rows = [[row.slug for row in page.rows] for page in (morning, evening, bedtime)]
    assert [slugs[1] for slugs in rows] == ["moment-short", "moment-long", "moment-family"]
    assert morning.rows[1].heading == "Short ones for the morning"
    catalog = Catalog(backends)
    assert all((catalog.title(one).runtime_s or 0) <= 2700 for one in titles_of(morning, "moment-short"))
    assert all((catalog.title(one).runtime_s or 0) >= 6600 for one in titles_of(evening, "moment-long"))
    assert all(catalog.title(one).maturity == 0 for one in titles_of(bedtime, "moment-family"))
    assert at(7, "phone") == replace(morning, id=at(7, "phone").id)
    assert made(backends, moment=0.0).page(STRANGER, NOW, Random(0), context=Context(NOW, 0, "tv")).rows[1].slug != (
        "moment-long"
    )


def test_foreign_titles_stand_back_or_away_as_is_set(backends: Backends) -> None:
    add_films(backends)
    drafts = [
        TitleDraft(kind=Kind.FILM, name=f"Filme {number}", maturity=0, language="pt" if number % 2 else "en")
        for number in range(40)
    ]
    foreign = {
        one
        for one, draft in zip(Catalog(backends).merge(drafts, NOW).ids, drafts, strict=True)
        if draft.language == "pt"
    }
    english = Viewer(id=900, name="E", language="en-GB")

    def share(language: str, viewer: Viewer) -> float:
        items = made(backends, language=language).recommend(viewer, 70, HERE).items
        return len(foreign & {one.title.id for one in items}) / len(foreign)

    assert share("ignore", english) > share("prefer", english)
    assert share("only", english) == 0
    assert share("prefer", replace(english, language="")) == share("ignore", english)


def test_a_play_is_joined_to_the_slot_that_it_came_from(backends: Backends) -> None:
    """What off-policy evaluation needs: of each play the slot, the model, the fallback and the propensity."""
    service = made(backends, exploration=0.3)
    trained(backends, service)
    add_films(backends, 300, first=2000)
    page = service.page(STRANGER, NOW, Random(3), context=Context(NOW, 0, "phone"))
    events = Events(backends)
    events.record([shown(page)])
    drawn = next(item for row in page.rows if row.slug == "top-picks" for item in row.items if item.propensity < 1)
    events.record(
        [
            Play(
                id="event-play-1",
                viewer_id=STRANGER.id,
                at_ms=NOW + 60_000,
                title_id=drawn.title.id,
                play="play-0001",
                page=page.id,
                row="top-picks",
                device="phone",
            )
        ]
    )
    [playing] = events.plays_since(NOW)
    pages = {}
    for message in backends.bus.read(IMPRESSIONS, 0, 100):
        event = codec.load(message.body)
        assert isinstance(event, PageShown)
        pages[event.id] = event
    slots = {(one.row, one.title_id): one for one in pages[playing.page].impressions()}
    slot = slots[playing.row, playing.title_id]
    assert (slot.position, slot.propensity) == (drawn.position, drawn.propensity)
    assert (slot.model, slot.fallback, slot.device) == (drawn.model, "no-history", "phone")


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("recommendation.modles=[]", "has no setting 'modles'"),
        ('recommendation.models=["alz"]', "there is no model 'alz'"),
        ("recommendation.recommender=alz", "there is no model 'alz'"),
        ("recommendation.exploration=2", "less than or equal to 0.5"),
        ("recommendation.language=klingon", "'prefer', 'only' or 'ignore'"),
    ],
)
def test_an_unknown_setting_fails_at_the_start(flag: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load({"recommendation": RecommendationSettings}, None, {}, [flag])


def test_a_newcomer_is_asked_about_what_tells_most(backends: Backends) -> None:
    service = made(backends, models=("popularity", "content-als"))
    films = add_films(backends)
    newest = [one.id for one in service.offer(STRANGER, {}, 4)]
    assert newest == films[:-5:-1]  # nothing has been learned: the latest to come
    add_viewing(backends, films)
    service.train(NOW, np.random.default_rng(0))
    first = service.offer(STRANGER, {}, 6)
    assert len({one.genres for one in first}) == 3  # a screen of questions covers the tastes
    said = {one.id: 1 if one.genres == (GENRES[2],) else -1 for one in first}
    second = service.offer(STRANGER, said, 6)
    assert not {one.id for one in second} & set(said)
    assert [one.id for one in second] != [one.id for one in service.offer(STRANGER, dict.fromkeys(said, 0), 6)]


def test_a_title_without_viewers_stands_among_its_like(backends: Backends) -> None:
    service = made(backends, models=("popularity", "content-als"), recommender="content-als")
    films = add_films(backends)
    viewers = add_viewing(backends, films)
    fresh = add_films(backends, count=3, first=900)  # one of each genre, and nobody has watched them
    service.train(NOW, np.random.default_rng(0))
    found = service.recommend(Viewer(id=viewers[0], name="V"), 60, HERE)
    assert found.model.startswith("content-als-")
    places = [[item.title.id for item in found.items].index(one) for one in fresh]
    assert places[0] == min(places)  # the one of the viewer's own genre is the best of them
    assert {one.genres for one in service.similar(fresh[0], STRANGER, 5)} == {(GENRES[0],)}
