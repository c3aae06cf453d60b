"""What names of files and folders tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.catalog.naming import ids_in, is_extra, is_skipped_folder, parse_episode, parse_film, season_of

FILMS = [
    # Jellyfin
    ("Big Buck Bunny (2008)", "Big Buck Bunny", 2008, ""),
    ("Big Buck Bunny (2008) [tmdbid-10378]", "Big Buck Bunny", 2008, "tmdb:10378"),
    ("Big Buck Bunny (2008) [tmdbid=10378]", "Big Buck Bunny", 2008, "tmdb:10378"),
    ("Big Buck Bunny (2008) [imdbid-tt1254207]", "Big Buck Bunny", 2008, "imdb:tt1254207"),
    ("Big Buck Bunny (2008) - [1080p]", "Big Buck Bunny", 2008, ""),
    ("Big Buck Bunny (2008) - 2160p Remux", "Big Buck Bunny", 2008, ""),
    # Plex
    ("Big Buck Bunny (2008) {imdb-tt1254207}", "Big Buck Bunny", 2008, "imdb:tt1254207"),
    ("Big Buck Bunny (2008) {tmdb-10378} {edition-Director's Cut}", "Big Buck Bunny", 2008, "tmdb:10378"),
    # Kodi and others
    ("Big Buck Bunny (2008) tt1254207", "Big Buck Bunny", 2008, ""),
    ("Big Buck Bunny (2008) [tt1254207]", "Big Buck Bunny", 2008, "imdb:tt1254207"),
    ("Matrix, The (1999)", "The Matrix", 1999, ""),
    # Release names
    ("The.Matrix.1999.1080p.BluRay.x264-GROUP", "The Matrix", 1999, ""),
    ("the_matrix_1999_720p", "The Matrix", 1999, ""),
    ("Blade.Runner.2049.2017.2160p.UHD.BluRay.x265", "Blade Runner 2049", 2017, ""),
    ("2012.2009.1080p.BluRay", "2012", 2009, ""),
    ("Some.Film.2020.WEB-DL.1080p", "Some Film", 2020, ""),
    ("Some Film 2020 1080p WEBRip", "Some Film", 2020, ""),
    ("[GROUP] Some Film (2020) [1080p]", "Some Film", 2020, ""),
    # Names with years and numbers of their own
    ("2001 A Space Odyssey (1968)", "2001 A Space Odyssey", 1968, ""),
    ("1917 (2019)", "1917", 2019, ""),
    ("Blade Runner 2049 (2017)", "Blade Runner 2049", 2017, ""),
    ("Blade Runner 2049", "Blade Runner 2049", None, ""),
    ("1984", "1984", None, ""),
    ("2012", "2012", None, ""),
    ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009, ""),
    ("Birdman or (The Virtue of Ignorance) (2014)", "Birdman or (The Virtue of Ignorance)", 2014, ""),
    ("WALL·E (2008)", "WALL·E", 2008, ""),
    ("Amélie (2001)", "Amélie", 2001, ""),
    ("千と千尋の神隠し (2001)", "千と千尋の神隠し", 2001, ""),
    ("Dr. Strangelove (1964)", "Dr. Strangelove", 1964, ""),
    ("E.T. the Extra-Terrestrial (1982)", "E.T. the Extra-Terrestrial", 1982, ""),
    ("sintel_dialogue_204p_52s", "Sintel Dialogue 204p 52s", None, ""),
    ("My holiday", "My holiday", None, ""),
    ("(2009)", "(2009)", None, ""),
    ("[tmdbid-12]", "[tmdbid-12]", None, "tmdb:12"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "year", "ids"), FILMS, ids=[case[0] for case in FILMS])
def test_names_of_films(text: str, name: str, year: int | None, ids: str) -> None:
    found = parse_film(text)
    assert (found.name, found.year) == (name, year)
    assert ",".join(f"{one.source}:{one.key}" for one in found.ids) == ids


@pytest.mark.parametrize(
    ("text", "edition", "part"),
    [
        ("Film (2010) {edition-Director's Cut}", "Director's Cut", 0),
        ("Film (2010) [edition-Extended]", "Extended", 0),
        ("Film (2010) - cd1", "", 1),
        ("Film (2010)-part2", "", 2),
        ("Film (2010) disc b", "", 2),
        ("Film Part 2 (2010)", "", 0),
    ],
)
def test_editions_and_parts(text: str, edition: str, part: int) -> None:
    found = parse_film(text)
    assert (found.edition, found.part) == (edition, part)


def test_series_are_counted_apart() -> None:
    assert [one.source for one in ids_in("Show [tmdbid-1] {tvdb-2} [imdbid-tt0000003]", series=True)] == [
        "tmdb-tv",
        "tvdb-tv",
        "imdb",
    ]
    assert ids_in("Show {imdb-12} {tmdb-tt0000003}") == ()


EPISODES = [
    ("Show - S01E02 - Name", 1, (2,), "Show", "Name"),
    ("Show (2010) - S01E02", 1, (2,), "Show", ""),
    ("show.s01e02.name.1080p.web-dl", 1, (2,), "Show", "Name"),
    ("S01E02", 1, (2,), "", ""),
    ("Show S1E2", 1, (2,), "Show", ""),
    ("Show - s2015e01", 2015, (1,), "Show", ""),
    ("Show - 1x02 - Name", 1, (2,), "Show", "Name"),
    ("Show.10x11", 10, (11,), "Show", ""),
    ("Show - S01E01-E02", 1, (1, 2), "Show", ""),
    ("Show - S01E01-E03", 1, (1, 2, 3), "Show", ""),
    ("Show - S01E01E02", 1, (1, 2), "Show", ""),
    ("Show - S01E01-02", 1, (1, 2), "Show", ""),
    ("Show - 1x01-02", 1, (1, 2), "Show", ""),
    ("Show - S00E05 - Special", 0, (5,), "Show", "Special"),
    ("Show - 2011-11-15 - Name", 2011, (1115,), "Show", "Name"),
    ("Show.2011.11.15", 2011, (1115,), "Show", ""),
    ("Show - S01E02 - Part 3 of 4", 1, (2,), "Show", "Part 3 of 4"),
]


@pytest.mark.parametrize(("stem", "season", "episodes", "show", "name"), EPISODES, ids=[case[0] for case in EPISODES])
def test_names_of_episodes(stem: str, season: int, episodes: tuple[int, ...], show: str, name: str) -> None:
    found = parse_episode(stem)
    assert found is not None
    assert (found.season, found.episodes, found.show, found.name) == (season, episodes, show, name)


@pytest.mark.parametrize(
    "stem",
    [
        "Film (2010)",
        "Film 1920x1080",
        "Film 640x272 10s",
        "2011-13-45",
        "Se7en (1995)",
        "K-19",
        "Apollo 13",
        "12 Angry Men",
    ],
)
def test_films_are_no_episodes(stem: str) -> None:
    assert parse_episode(stem) is None


@pytest.mark.parametrize(
    ("stem", "episode"), [("01 - Pilot", 1), ("02", 2), ("Episode 3", 3), ("E04 Name", 4), ("Making of", None)]
)
def test_in_a_season_a_number_is_enough(stem: str, episode: int | None) -> None:
    found = parse_episode(stem, in_season=True)
    assert (found.episodes[0] if found else None) == episode
    assert found is None or found.season is None


@pytest.mark.parametrize(
    ("folder", "season"),
    [
        ("Season 1", 1), ("Season 01", 1), ("season.12", 12), ("S03", 3), ("Staffel 2", 2), ("Saison 4", 4),
        ("Temporada 5", 5), ("Specials", 0), ("Season 00", 0), ("Season 2015", 2015),
        ("Seasonal", None), ("Season of the Witch (2011)", None), ("S", None), ("Stagione", None),
    ],
)  # fmt: skip
def test_season_folders(folder: str, season: int | None) -> None:
    assert season_of(folder) == season


@pytest.mark.parametrize(
    "stem", ["Film-trailer", "Film.trailer", "film-sample", "sample", "Film-behindthescenes", "Film-trailer2"]
)
def test_extras_by_name(stem: str) -> None:
    assert is_extra(stem)


@pytest.mark.parametrize("stem", ["Trailer Park Boys", "Sample People (2000)", "The Interview (2014)", "Short Circuit"])
def test_films_are_no_extras(stem: str) -> None:
    assert not is_extra(stem)


def test_folders_that_hold_no_films() -> None:
    for name in ("@eaDir", ".hidden", "Extras", "TRAILERS", "behind the scenes", "lost+found", "$RECYCLE.BIN"):
        assert is_skipped_folder(name, inside=False), name
    assert is_skipped_folder("Shorts", inside=True)
    assert not is_skipped_folder("Shorts", inside=False), "somebody's collection of short films"
    assert not is_skipped_folder("Season 01", inside=True)


@given(st.text(max_size=80))
def test_any_name_is_read_without_failing(text: str) -> None:
    found = parse_film(text)
    assert found.name or not text.strip(" ") or not text.isprintable()
    parse_episode(text)
    parse_episode(text, in_season=True)
    season_of(text)
    is_extra(text)


@given(
    st.text("abcdefghij XYZ", min_size=1, max_size=30).map(lambda text: " ".join(text.split())).filter(len),
    st.integers(1900, 2039),
    st.integers(1, 10**9),
)
def test_what_is_written_in_jellyfins_way_is_read_back(name: str, year: int, key: int) -> None:
    found = parse_film(f"{name} ({year}) [tmdbid-{key}]")
    assert found.year == year
    assert found.name.casefold() == name.casefold()
    assert [(one.source, one.key) for one in found.ids] == [("tmdb", str(key))]


@given(st.integers(0, 99), st.integers(0, 999), st.sampled_from(["Show", "A Show (2010)", ""]))
def test_numbers_of_episodes_are_read_back(season: int, episode: int, show: str) -> None:
    found = parse_episode(f"{show} - S{season:02}E{episode:02} - Name")
    assert found is not None
    assert (found.season, found.episodes, found.name) == (season, (episode,), "Name")
