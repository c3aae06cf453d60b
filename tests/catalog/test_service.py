"""Titles are merged, found and shown the same over both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest

from matinee.base.errors import InvalidInput, NotFound
from matinee.catalog.records import (
    Annotation,
    AssetKind,
    CreditDraft,
    ExternalId,
    Kind,
    MergeReport,
    TitleDraft,
)
from matinee.catalog.service import Service

IMDB = ExternalId(source="imdb", key="tt0133093")
TMDB = ExternalId(source="tmdb", key="603")
MATRIX = TitleDraft(kind=Kind.FILM, name="The Matrix", year=1999, genres=("Action",), ids=(IMDB,), added_ms=5)


def film(name: str, year: int | None = None, **fields: object) -> TitleDraft:
    return TitleDraft(kind=Kind.FILM, name=name, year=year, **fields)  # type: ignore[arg-type]


def test_merging_the_same_again_changes_nothing(either: Service) -> None:
    drafts = [MATRIX, film("Heat", 1995, credits=(CreditDraft(name="Al Pacino", role="actor"),))]
    first = either.merge(drafts)
    assert (first.created, first.updated, first.unchanged) == (2, 0, 0)
    revision = either.snapshot().revision
    second = either.merge(drafts)
    assert second == MergeReport(0, 0, 2, first.ids)
    assert either.snapshot().revision == revision


def test_a_title_is_known_by_any_id_and_blanks_never_overwrite(either: Service) -> None:
    [id_] = either.merge([MATRIX]).ids
    other = film("Matrix", ids=(TMDB, IMDB), synopsis="A hacker learns the truth.", genres=("Science Fiction",))
    assert either.merge([other]).ids == (id_,)
    title = either.title(id_)
    assert (title.name, title.year, title.added_ms) == ("Matrix", 1999, 5)
    assert title.aliases == ("The Matrix",)
    assert title.genres == ("Action", "Science Fiction")
    assert either.by_external("title", "tmdb", "603") == id_
    assert either.external_ids("title", id_) == [IMDB, TMDB]
    assert either.external_keys("title", "imdb") == {"tt0133093": id_}


def test_without_a_shared_id_name_and_year_tell(either: Service) -> None:
    [id_] = either.merge([film("Matrix, The", 1999)]).ids
    assert either.merge([MATRIX]).ids == (id_,)
    assert either.merge([film("The Matrix", 2031)]).ids != (id_,)
    named_otherwise = film("The Matrix", 1999, ids=(ExternalId(source="imdb", key="tt9999999"),))
    assert either.merge([named_otherwise]).ids != (id_,), "IMDb says that these are two films"


def test_a_shared_id_is_a_mistake_where_another_source_and_the_years_differ(either: Service) -> None:
    def drafted(key: str, year: int) -> TitleDraft:
        return film("Ghosts", year, ids=(ExternalId(source="movielens", key=key), IMDB))

    drafts = [drafted("1", 1953), drafted("2", 1995), drafted("3", 1954)]
    report = either.merge(drafts)
    assert report.ids[0] == report.ids[2] != report.ids[1]
    assert either.by_external("title", "imdb", IMDB.key) == report.ids[0]
    assert either.merge(drafts) == MergeReport(0, 0, 2, report.ids)


def test_two_sources_that_differ_in_the_name_do_not_take_turns(either: Service) -> None:
    one, other = film("Star Wars", 1977, ids=(IMDB,)), film("A New Hope", 1977, ids=(IMDB,))
    [id_] = either.merge([one]).ids
    assert either.merge([other]).updated == 1
    assert either.merge([one]).unchanged == 1
    assert either.merge([one, other]) == MergeReport(0, 0, 1, (id_, id_))
    assert {title.id for title in either.search("star wars")} == {id_}


def test_an_id_that_belongs_to_another_title_stays_there(either: Service) -> None:
    first, second = either.merge([film("One", ids=(IMDB,)), film("Two", ids=(TMDB,))]).ids
    assert either.merge([film("One", ids=(IMDB, TMDB))]) == MergeReport(0, 0, 1, (first,))
    assert either.by_external("title", "tmdb", "603") == second


def test_seasons_and_episodes_are_known_by_their_numbers(either: Service) -> None:
    [series] = either.merge([TitleDraft(kind=Kind.SERIES, name="Show")]).ids
    season_draft = TitleDraft(kind=Kind.SEASON, name="Season 1", parent_id=series, number=1)
    [season] = either.merge([season_draft]).ids
    drafts = [
        TitleDraft(kind=Kind.EPISODE, name=name, parent_id=season, number=n) for n, name in ((2, "Two"), (1, "One"))
    ]
    report = either.merge(drafts)
    assert [title.name for title in either.children(season)] == ["One", "Two"]
    assert either.merge([season_draft, *drafts]).unchanged == 3
    better = TitleDraft(kind=Kind.EPISODE, name="The First", parent_id=season, number=1)
    assert either.merge([better]).ids == (report.ids[1],)


def test_people_are_told_apart_by_ids_and_joined_by_name(either: Service) -> None:
    def credit(name: str, key: str = "") -> tuple[CreditDraft, ...]:
        ids = (ExternalId(source="tmdb", key=key),) if key else ()
        return (CreditDraft(name=name, role="actor", ids=ids),)

    drafts = [
        film("A", 2000, credits=credit("Chris Evans")),
        film("B", 2000, credits=credit("Chris Evans", "16828")),
        film("C", 2000, credits=credit("Chris Evans", "999")),
        film("D", 2000, credits=credit("CHRIS EVANS", "16828")),
    ]
    report = either.merge(drafts)
    a, b, c, d = (either.credits(id_)[0].person_id for id_ in report.ids)
    assert a == b == d != c
    assert either.all_credits() == [one for id_ in report.ids for one in either.credits(id_)]
    assert either.merge(drafts).unchanged == 4
    assert {title.name for title in either.search("chris evans")} == {"A", "B", "C", "D"}


def test_many_drafts_are_merged_across_chunks(either: Service) -> None:
    drafts = [film(f"Film {n}", 1900 + n % 100, ids=(ExternalId(source="x", key=str(n)),)) for n in range(12_001)]
    report = either.merge(drafts)
    assert report.created == 12_001
    assert [either.title(id_).name for id_ in report.ids[::4000]] == ["Film 0", "Film 4000", "Film 8000", "Film 12000"]
    assert either.merge(reversed(drafts)).unchanged == 12_001


def test_the_snapshot_hears_of_another_process(either: Service) -> None:
    [id_] = either.merge([MATRIX]).ids
    other = Service(either._backends)
    assert other.title(id_).name == "The Matrix"
    either.put_asset(id_, AssetKind.STREAM, "streams/1/abc/", facts={"hls": "master.m3u8"})
    assert other.title(id_).playable
    before = other.snapshot()
    assert other.snapshot() is before


def test_pictures_are_those_that_were_chosen(either: Service) -> None:
    [id_] = either.merge([MATRIX]).ids
    either.put_asset(id_, AssetKind.STILL, "pictures/1/a.webp", width=640)
    either.set_pictures(id_, still="pictures/1/b.webp", poster="pictures/1/p.webp", colour="#aa0011")
    either.put_asset(id_, AssetKind.STILL, "pictures/1/c.webp")
    title = either.title(id_)
    assert (title.still, title.poster, title.colour) == ("pictures/1/b.webp", "pictures/1/p.webp", "#aa0011")
    either.set_pictures(id_, still="pictures/1/a.webp")
    assert either.title(id_).still == "pictures/1/a.webp"
    assert next(one for one in either.assets(id_, AssetKind.STILL) if one.uri.endswith("a.webp")).width == 640
    for asset in either.assets(id_):
        either.drop_asset(asset.id)
        either.drop_asset(asset.id)
    assert either.title(id_).still == ""


def test_browsing_sorts_filters_and_counts(either: Service) -> None:
    either.merge(
        [
            film("Zebra", 1990, maturity=6, genres=("Family",), added_ms=3),
            film("An Apple", 2001, maturity=16, added_ms=2),
            film("Unrated", 1950, added_ms=1),
        ]
    )
    names = lambda **how: [title.name for title in either.browse(**how).items]  # noqa: E731
    assert names() == ["Zebra", "An Apple", "Unrated"]
    assert names(sort="name") == ["An Apple", "Unrated", "Zebra"]
    assert names(sort="year") == ["An Apple", "Zebra", "Unrated"]
    assert names(maturity=16) == ["Zebra", "An Apple"]
    assert names(genre="family") == ["Zebra"]
    assert names(playable=True) == []
    page = either.browse(limit=1, offset=1)
    assert (page.items[0].name, page.total) == ("An Apple", 3)


def test_annotations_are_exact_and_replaced_by_their_source(either: Service) -> None:
    [id_] = either.merge([MATRIX]).ids
    third = Fraction(1, 3)

    def shot(start: Fraction, end: Fraction) -> Annotation:
        return Annotation(title_id=id_, track="shots", start=start, end=end, value={"n": 1}, source="cuts-1")

    either.annotate(id_, "shots", "cuts-1", [shot(2 * third, Fraction(5)), shot(Fraction(0), 2 * third)])
    either.annotate(id_, "shots", "other", [shot(third, third)])
    assert [(one.start, one.end, one.source) for one in either.annotations(id_, "shots")] == [
        (Fraction(0), 2 * third, "cuts-1"),
        (third, third, "other"),
        (2 * third, Fraction(5), "cuts-1"),
    ]
    assert len(either.annotations(id_, start=2 * third, end=Fraction(9))) == 1
    either.annotate(id_, "shots", "cuts-1", [])
    assert [one.source for one in either.annotations(id_)] == ["other"]
    with pytest.raises(InvalidInput, match="runs from"):
        either.annotate(id_, "shots", "cuts-1", [shot(Fraction(2), Fraction(1))])
    assert [one.source for one in either.annotations(id_)] == ["other"]


def test_what_does_not_exist_is_said(catalog: Service) -> None:
    for call in (
        lambda: catalog.title(7),
        lambda: catalog.put_asset(7, AssetKind.STILL, "x"),
        lambda: catalog.annotate(7, "shots", "me", []),
        lambda: catalog.viewer(7),
        lambda: catalog.account(7),
    ):
        with pytest.raises(NotFound, match=r"There is no \w+ 7\."):
            call()
    assert catalog.titles([7]) == []
    assert catalog.search("anything") == []


@pytest.mark.parametrize("fields", [{"name": "  "}, {"name": "A", "maturity": 19}, {"name": "A", "year": 0}])
def test_a_draft_that_cannot_be_stored_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        TitleDraft(kind=Kind.FILM, **fields)  # type: ignore[arg-type]


def test_many_threads_merge_the_same_and_nothing_is_doubled(either: Service) -> None:
    drafts = [film(f"Film {n}", ids=(ExternalId(source="x", key=str(n)),)) for n in range(50)]
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: either.merge(drafts), range(8)))
    assert sum(report.created for report in reports) == 50
    assert len({report.ids for report in reports}) == 1
    assert len(either.snapshot().titles) == 50


def test_search_never_returns_what_maturity_hides(either: Service) -> None:
    either.merge([film("Bambi", 1942, maturity=0), film("Bambi Strikes Back", 2011, maturity=16), film("Bambi Raw")])
    assert [title.name for title in either.search("bambi", maturity=7)] == ["Bambi"]
    assert len(either.search("bambi")) == 3
