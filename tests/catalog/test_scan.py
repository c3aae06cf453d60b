"""Libraries of real (small) films are scanned, scanned again, changed, moved and damaged."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image
from tests.media.clips import clip

from matinee.base.errors import InvalidInput, NotAllowed, NotFound
from matinee.base.objects.folder import FolderObjects
from matinee.catalog.records import AssetKind, ExternalId, Kind, TitleDraft
from matinee.catalog.service import Service
from matinee.catalog.shelving import ScanReport, Shelving

SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"
NFO = "<movie><title>{}</title><year>{}</year>{}</movie>"


@pytest.fixture(scope="session")
def small_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("film") / "small.mp4", seconds=1, size="64x36", rate=10, sounds=())


@pytest.fixture(scope="session")
def larger_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("film") / "larger.mp4", seconds=1, size="128x72", rate=10, sounds=())


class Library:
    """A folder of films, and a catalogue that it is scanned into."""

    def __init__(self, root: Path, catalog: Service, film: Path) -> None:
        self.root, self.catalog, self.film = root, catalog, film
        self.objects = FolderObjects(root.parent / "objects")
        root.mkdir()
        self._clock = 0

    def put(self, *names: str, film: Path | None = None) -> None:
        """Films are copied, pictures painted, texts written, each with a time of its own."""
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in {".mp4", ".mkv"}:
                shutil.copy(film or self.film, path)
            elif path.suffix in {".jpg", ".png"}:
                Image.new("RGB", (200, 300), (180, 40, 30)).save(path)
            else:
                path.write_text(SRT)
            self._clock += 1
            os.utime(path, ns=(self._clock * 10**9, self._clock * 10**9))

    def text(self, name: str, content: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(content)

    def scan(self, *, forget: bool = False) -> ScanReport:
        before = _listing(self.root)
        report = Shelving(self.catalog, self.objects).scan(self.root, 1_000, forget=forget)
        assert _listing(self.root) == before, "a scan only reads"
        return report

    def names(self) -> list[tuple[str, int | None]]:
        return sorted((title.name, title.year) for title in self.catalog.snapshot().titles.values())

    def one(self, name: str) -> int:
        [found] = [title.id for title in self.catalog.snapshot().titles.values() if title.name == name]
        return found


def _listing(root: Path) -> list[tuple[str, int, int]]:
    return sorted((str(one), one.lstat().st_size, one.lstat().st_mtime_ns) for one in root.rglob("*"))


@pytest.fixture
def library(tmp_path: Path, either: Service, small_film: Path) -> Library:
    return Library(tmp_path / "library", either, small_film)


@pytest.fixture
def shelf(tmp_path: Path, catalog: Service, small_film: Path) -> Library:
    return Library(tmp_path / "library", catalog, small_film)


def refusals(report: ScanReport) -> list[str]:
    return [f"{Path(one.path).name} {one.reason}" for one in report.refused]


def test_films_of_every_server(library: Library) -> None:
    library.put(
        "Big Buck Bunny (2008) [tmdbid-10378]/Big Buck Bunny (2008).mkv",
        "Sintel (2010) {imdb-tt1727587}/anything.mp4",
        "Heat (1995).mp4",
        "The.Matrix.1999.1080p.BluRay.x264-GROUP.mkv",
        "Solaris (1972)/Solaris (1972)-trailer.mp4",
        "Solaris (1972)/Solaris (1972).mp4",
        "Solaris (1972)/Trailers/another.mp4",
        ".hidden/film.mp4",
        "@eaDir/film.mp4",
        "notes.txt",
    )
    report = library.scan()
    assert library.names() == [
        ("Big Buck Bunny", 2008), ("Heat", 1995), ("Sintel", 2010), ("Solaris", 1972), ("The Matrix", 1999),
    ]  # fmt: skip
    assert (report.new, report.titles.created, refusals(report)) == (5, 5, [])
    assert library.catalog.by_external("title", "tmdb", "10378") == library.one("Big Buck Bunny")
    assert library.catalog.by_external("title", "imdb", "tt1727587") == library.one("Sintel")
    [source] = library.catalog.assets(library.one("Heat"), AssetKind.SOURCE)
    assert (source.uri, source.width, source.height) == (str(library.root / "Heat (1995).mp4"), 64, 36)
    assert source.duration_s == pytest.approx(1.0, abs=0.2)
    title = library.catalog.title(library.one("Heat"))
    assert (title.added_ms, title.runtime_s) == (1_000, source.duration_s)
    revision = library.catalog.snapshot().revision
    again = library.scan()
    assert (again.new, again.changed, again.unchanged, again.gone) == (0, 0, 5, 0)
    assert (again.titles.created, again.titles.updated, again.titles.unchanged) == (0, 0, 5)
    assert library.catalog.snapshot().revision == revision


def test_series_with_seasons_specials_and_double_episodes(library: Library) -> None:
    library.put(
        "Show (2010) [tmdbid-7]/Season 01/Show - S01E01 - Pilot.mp4",
        "Show (2010) [tmdbid-7]/Season 01/Show - S01E02-E03 - Double.mp4",
        "Show (2010) [tmdbid-7]/Season 01/Show - S01E01 - Pilot.de.srt",
        "Show (2010) [tmdbid-7]/Season 01/Show - S01E01 - Pilot-thumb.jpg",
        "Show (2010) [tmdbid-7]/Season 00/Show - S00E01 - Making of.mp4",
        "Show (2010) [tmdbid-7]/Specials/2 - More.mp4",
        "Show (2010) [tmdbid-7]/poster.jpg",
        "Other Show/Other Show 1x05.mp4",
        "Loose Show S02E01.mp4",
    )
    library.text(
        "Show (2010) [tmdbid-7]/tvshow.nfo",
        "<tvshow><title>The Show</title><plot>About it.</plot><mpaa>TV-Y7</mpaa></tvshow>",
    )
    report = library.scan()
    assert refusals(report) == []
    show = library.one("The Show")
    title = library.catalog.title(show)
    assert (title.kind, title.year, title.maturity, title.synopsis) == (Kind.SERIES, 2010, 7, "About it.")
    assert title.poster
    assert library.catalog.by_external("title", "tmdb-tv", "7") == show
    specials, season = library.catalog.children(show)
    assert (specials.number, specials.name, season.number, season.name) == (0, "Specials", 1, "Season 1")
    episodes = library.catalog.children(season.id)
    assert [(one.number, one.name) for one in episodes] == [(1, "Pilot"), (2, "Double"), (3, "Double")]
    assert [(one.number, one.name) for one in library.catalog.children(specials.id)] == [(1, "Making of"), (2, "More")]
    two, three = (library.catalog.assets(one.id, AssetKind.SOURCE)[0].uri for one in episodes[1:])
    assert two == three
    [subtitle] = library.catalog.assets(episodes[0].id, AssetKind.SUBTITLES)
    assert (subtitle.language, subtitle.mime) == ("de", "application/x-subrip")
    assert episodes[0].still
    assert {title.name for title in library.catalog.browse(kind=Kind.SERIES).items} == {
        "The Show",
        "Other Show",
        "Loose Show",
    }
    again = library.scan()
    assert (again.titles.created, again.titles.updated, again.new) == (0, 0, 0)


def test_subtitles_and_pictures_beside_a_film(library: Library) -> None:
    folder = "Film (2010)"
    library.put(f"{folder}/{folder}.mp4", f"{folder}/poster.jpg", f"{folder}/fanart.jpg")
    for marks in ("en", "en.forced", "en.sdh", "de", "pt-BR.default", "English"):
        library.put(f"{folder}/{folder}.{marks}.srt")
    library.put(f"{folder}/{folder}.vtt", f"{folder}/Subs/2_French.srt", f"{folder}/unrelated.srt")
    report = library.scan()
    assert (report.subtitles, report.pictures) == (8, 2)
    id_ = library.one("Film")
    found = {
        (one.language, tuple(sorted(one.facts.keys() - {"path"})))
        for one in library.catalog.assets(id_, AssetKind.SUBTITLES)
    }
    assert found == {
        ("en", ()), ("en", ("forced",)), ("en", ("hearing_impaired",)), ("de", ()), ("pt-BR", ("default",)), ("", ()),
        ("fr", ()),
    }  # fmt: skip
    title = library.catalog.title(id_)
    assert title.colour.startswith("#")
    assert library.objects.get(title.poster)[8:12] == library.objects.get(title.still)[8:12] == b"WEBP"
    (library.root / folder / "poster.jpg").unlink()
    old = title.poster
    library.put(f"{folder}/fanart.jpg")
    library.scan()
    title = library.catalog.title(id_)
    assert (title.poster, library.objects.exists(old)) == ("", False)
    assert title.still


def test_versions_and_parts_of_one_film(library: Library, larger_film: Path) -> None:
    library.put("Film (2010)/Film (2010) - 1080p.mp4", film=larger_film)
    library.put(
        "Film (2010)/Film (2010) - 480p.mp4", "Long (2011)/Long (2011)-cd1.mp4", "Long (2011)/Long (2011)-cd2.mp4"
    )
    report = library.scan()
    assert library.names() == [("Film", 2010), ("Long", 2011)]
    sources = library.catalog.assets(library.one("Film"), AssetKind.SOURCE)
    assert [(one.width, one.facts["version"]) for one in sources] == [(64, "480p"), (128, "1080p")]
    assert refusals(report) == ["Long (2011)-cd2.mp4 is a later part of a film in several files: join them into one"]


def test_an_nfo_has_the_last_word(library: Library) -> None:
    library.put("Film (2010)/Film (2010).mp4", "Film (2010)/poster.png", "flat.mp4", "other.mp4")
    library.text("Film (2010)/movie.nfo", NFO.format("Better", 2011, "<uniqueid type='imdb'>tt0000009</uniqueid>"))
    library.text("flat.nfo", "https://www.themoviedb.org/movie/42")
    library.text("other.nfo", "<movie><title>A &boom; B</title></movie>")
    report = library.scan()
    assert library.names() == [("Better", 2011), ("Flat", None), ("Other", None)]
    assert library.catalog.by_external("title", "imdb", "tt0000009") == library.one("Better")
    assert library.catalog.by_external("title", "tmdb", "42") == library.one("Flat")
    [refused] = refusals(report)
    assert refused.startswith("other.nfo is not well-formed XML")


def test_a_scan_joins_what_other_sources_told(library: Library) -> None:
    draft = TitleDraft(
        kind=Kind.FILM, name="Heat", year=1995, synopsis="A heist.", ids=(ExternalId(source="x", key="1"),)
    )
    [id_] = library.catalog.merge([draft]).ids
    library.put("Heat (1995).mp4")
    report = library.scan()
    assert (report.titles.created, report.titles.updated) == (0, 1)
    assert library.catalog.title(id_).synopsis == "A heist."


def test_moved_and_renamed_files_keep_their_title(library: Library) -> None:
    library.put("bbb.mp4", "Heat (1995).mp4")
    library.scan()
    bbb, heat = library.one("Bbb"), library.one("Heat")
    (library.root / "Big Buck Bunny (2008)").mkdir()
    (library.root / "bbb.mp4").rename(library.root / "Big Buck Bunny (2008)" / "film.mp4")
    (library.root / "Action").mkdir()
    (library.root / "Heat (1995).mp4").rename(library.root / "Action" / "Heat (1995).mp4")
    report = library.scan()
    assert (report.moved, report.gone, report.titles.created) == (2, 0, 0)
    assert library.names() == [("Big Buck Bunny", 2008), ("Heat", 1995)]
    assert library.one("Big Buck Bunny") == bbb
    [source] = library.catalog.assets(heat, AssetKind.SOURCE)
    assert source.uri.endswith("/Action/Heat (1995).mp4")


def test_renaming_a_file_does_not_rename_a_title_that_others_know(library: Library) -> None:
    draft = TitleDraft(kind=Kind.FILM, name="Heat", year=1995, ids=(ExternalId(source="movielens", key="6"),))
    [heat] = library.catalog.merge([draft]).ids
    library.put("Heat (1995).mp4")
    library.scan()
    (library.root / "Heat (1995).mp4").rename(library.root / "Heat (1986).mp4")
    library.scan()
    assert library.names() == [("Heat", 1986), ("Heat", 1995)]
    assert library.catalog.assets(heat) == []


def test_what_is_gone_is_taken_off_and_its_title_stays(library: Library) -> None:
    library.put("One (2001).mp4", "Two (2002).mp4")
    library.scan()
    (library.root / "One (2001).mp4").unlink()
    report = library.scan()
    assert (report.gone, report.unchanged) == (1, 1)
    assert library.catalog.assets(library.one("One")) == []
    assert len(library.catalog.assets(library.one("Two"))) == 1


def test_an_empty_folder_that_held_films_is_no_reason_to_forget_them(library: Library) -> None:
    library.put("One (2001).mp4")
    library.scan()
    (library.root / "One (2001).mp4").unlink()
    with pytest.raises(InvalidInput, match="now none does"):
        library.scan()
    assert len(library.catalog.assets(library.one("One"))) == 1
    assert library.scan(forget=True).gone == 1


def test_a_changed_file_is_probed_again(library: Library, larger_film: Path) -> None:
    library.put("One (2001).mp4")
    library.scan()
    before = library.catalog.assets(library.one("One"))[0]
    library.put("One (2001).mp4", film=larger_film)
    report = library.scan()
    after = library.catalog.assets(library.one("One"))[0]
    assert (report.changed, report.new, report.gone) == (1, 0, 0)
    assert (after.id, after.width, after.etag != before.etag) == (before.id, 128, True)


def test_what_is_no_film_is_refused_in_words_and_the_rest_goes_on(shelf: Library) -> None:
    shelf.put("Good (2001).mp4", "Film (2002).mp4")
    shelf.text("Empty (2000).mp4", "")
    shelf.text("Text (2000).mkv", "not a film at all" * 100)
    whole = (shelf.root / "Good (2001).mp4").read_bytes()
    (shelf.root / "Truncated (2000).mp4").write_bytes(whole[: len(whole) // 3])
    shelf.text("Film (2002)-poster.jpg", "not a picture")
    report = shelf.scan()
    assert shelf.names() == [("Film", 2002), ("Good", 2001)]
    assert sorted(one.split(" is ")[0] for one in refusals(report)) == [
        "Empty (2000).mp4", "Film (2002)-poster.jpg", "Text (2000).mkv", "Truncated (2000).mp4",
    ]  # fmt: skip


def test_a_film_that_is_damaged_later_stays_known(shelf: Library) -> None:
    shelf.put("Good (2001).mp4", "Other (2002).mp4")
    shelf.scan()
    shelf.text("Good (2001).mp4", "overwritten by accident")
    report = shelf.scan()
    assert (len(report.refused), report.gone) == (1, 0)
    assert len(shelf.catalog.assets(shelf.one("Good"), AssetKind.SOURCE)) == 1


def test_links_in_circles_to_nothing_and_out(shelf: Library, tmp_path: Path) -> None:
    shelf.put("A (2001)/A (2001).mp4")
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(shelf.film, outside / "B (2002).mp4")
    (shelf.root / "A (2001)" / "loop").symlink_to(shelf.root)
    (shelf.root / "out").symlink_to(outside)
    (shelf.root / "C (2003).mp4").symlink_to(tmp_path / "nothing.mp4")
    os.mkfifo(shelf.root / "D (2004).mp4")
    report = shelf.scan()
    assert shelf.names() == [("A", 2001), ("B", 2002)]
    assert refusals(report) == ["C (2003).mp4 is a link to nothing"]


def test_names_that_are_not_utf8(shelf: Library) -> None:
    shelf.put("Good (2001).mp4")
    shutil.copy(shelf.film, os.fsencode(shelf.root) + b"/Caf\xe9 (2002).mp4")
    report = shelf.scan()
    assert shelf.names() == [("Good", 2001)]
    assert [one.reason for one in report.refused] == ["has a name that is not UTF-8: rename it"]


def test_folders_that_ask_to_be_left_alone(shelf: Library) -> None:
    shelf.put("Good (2001).mp4", "Private/Film (2002).mp4")
    shelf.text("Private/.ignore", "")
    shelf.scan()
    assert shelf.names() == [("Good", 2001)]


def test_an_empty_library(shelf: Library) -> None:
    report = shelf.scan()
    assert report == ScanReport()


def test_what_is_no_folder(shelf: Library) -> None:
    shelf.put("a.mp4")
    shelving = Shelving(shelf.catalog, shelf.objects)
    with pytest.raises(InvalidInput, match="is not a folder"):
        shelving.scan(shelf.root / "a.mp4", 0)
    with pytest.raises(NotFound, match="There is no folder"):
        shelving.scan(shelf.root / "none", 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_folder_without_permission(shelf: Library, tmp_path: Path) -> None:
    shelf.put("Good (2001).mp4", "Locked/Film (2002).mp4", "Secret (2003).mp4")
    shelf.scan()
    assert len(shelf.names()) == 3
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    (shelf.root / "Locked").chmod(0)
    (shelf.root / "Secret (2003).mp4").chmod(0)
    for one in (*tmp_path.glob("catalog.db*"), tmp_path):
        os.chown(one, 65534, 65534)
    os.seteuid(65534)
    try:
        report = shelf.scan()
        assert [Path(one.path).name for one in report.refused] == ["Locked"], "an unchanged file is not opened again"
        assert (report.gone, report.unchanged) == (0, 2), "what cannot be looked at is not forgotten"
        with pytest.raises(NotAllowed, match="may not be read"):
            Shelving(shelf.catalog, shelf.objects).scan(shelf.root / "Locked", 0)
    finally:
        os.seteuid(0)
        (shelf.root / "Locked").chmod(0o755)
