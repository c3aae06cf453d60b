"""What file and folder names of a film library tell, as Jellyfin, Plex, Kodi and release groups write them. Pure.

Big Buck Bunny (2008) [tmdbid-10378] {edition-Director's Cut} - 1080p.mkv
Show (2010)/Season 01/Show - S01E02-E03 - Name.mkv
The.Matrix.1999.1080p.BluRay.x264-GROUP.mkv
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from matinee.catalog.names import clean, natural
from matinee.catalog.records import ExternalId

_ID = re.compile(r"[\[{(]\s*(tmdb|imdb|tvdb|tvmaze)(?:id)?\s*[-=:]\s*(tt\d{7,9}|\d{1,10})\s*[\]})]", re.IGNORECASE)
_BARE_ID = re.compile(r"[\[{(]\s*(tt\d{7,9})\s*[\]})]", re.IGNORECASE)
_EDITION = re.compile(r"[\[{]\s*edition[-=:]\s*([^\]}]+)[\]}]", re.IGNORECASE)
_GROUP = re.compile(r"\[[^\]]*\]|\{[^}]*\}")
_YEAR = re.compile(r"\((18[89]\d|19\d\d|20[0-3]\d)\)")
_LOOSE_YEAR = re.compile(r"(?<![\w])(18[89]\d|19\d\d|20[0-3]\d)(?!\w)")
_RELEASE = re.compile(
    r"(?<!\w)(2160p|1440p|1080[pi]|720p|576[pi]|480[pi]|4k|uhd|blu-?ray|bd-?rip|br-?rip|web-?dl|web-?rip|webrip|hdtv|dvd-?rip"
    r"|dvdscr|hdrip|remux|x26[45]|h\.?26[45]|hevc|xvid|divx|av1|aac|ac3|dts|proper|repack|multi|dual audio)(?!\w).*$",
    re.IGNORECASE,
)
_PART = re.compile(r"[\s._-]+(?:cd|dvd|part|pt|dis[ck])[\s._-]*([1-9a-d])$", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?<![a-z\d])s(\d{1,4})[\s._-]*e(\d{1,4})((?:[\s._]*-?[\s._]*e\d{1,4}|-\d{1,4}(?!\w))*)", re.IGNORECASE
)
_CROSSED = re.compile(r"(?<![a-z\d])(\d{1,2})x(\d{2,4})((?:-?x?\d{2,4}(?!\d))*)(?![\dx])", re.IGNORECASE)
_DATED = re.compile(r"(?<!\d)((?:19|20)\d\d)[-._ ](\d{2})[-._ ](\d{2})(?!\d)")
_EPISODE_ONLY = re.compile(r"^(?:episode|ep|e|folge|épisode|episodio)?[\s._-]*(\d{1,4})(?!\d|x\d)", re.IGNORECASE)
_SEASON = re.compile(
    r"^(?:season|series|staffel|saison|temporada|stagione|seizoen|säsong|sæson|book|s)[\s._-]*(\d{1,4})(?!\w)",
    re.IGNORECASE,
)
_SPECIALS = {"specials", "special", "extras (specials)", "season specials"}

_NEVER = {"@eadir", "lost+found", "$recycle.bin", "system volume information", "#recycle", "#snapshot", "metadata"}
_EXTRAS = {
    *("extras", "extra", "trailers", "trailer", "featurettes", "featurette", "behind the scenes", "deleted scenes"),
    *("sample", "samples", "backdrops", "theme-music", "theme videos", "bonus", "bonus features", "bdmv", "video_ts"),
}
# Names that may as well be somebody's collection, directly under the library.
_EXTRAS_INSIDE = {"shorts", "clips", "other", "others", "scenes", "interviews"}
_EXTRA_FILE = re.compile(
    r"[-._ ](trailer|sample|behindthescenes|deleted(scene)?|featurette|interview|scene|short|clip|extra|other)\d*$",
    re.IGNORECASE,
)
_EXTRA_NAMES = {"trailer", "sample", "theme", "movie-trailer", "tvshow-trailer"}


@dataclass(frozen=True, slots=True)
class Named:
    """What a name tells of a film or series."""

    name: str
    year: int | None = None
    ids: tuple[ExternalId, ...] = ()
    edition: str = ""
    part: int = 0
    """Which part of a film in several files, from 1; 0 for a whole one."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a name tells of an episode."""

    season: int | None
    """None where only the folder knows."""
    episodes: tuple[int, ...]
    show: str = ""
    """What stands before the number."""
    name: str = ""
    """What stands behind it."""


def ids_in(text: str, *, series: bool = False) -> tuple[ExternalId, ...]:
    """External ids in brackets. Where a database counts series apart, theirs are of the source ``tmdb-tv``.

    >>> ids_in("Heat (1995) [tmdbid-949] {imdb-tt0113277}")
    (ExternalId(source='tmdb', key='949'), ExternalId(source='imdb', key='tt0113277'))
    """
    found = [(one[1].lower(), one[2].lower()) for one in _ID.finditer(text)]
    found += [("imdb", one[1].lower()) for one in _BARE_ID.finditer(text)]
    named = {
        ExternalId(source=f"{source}-tv" if series and source != "imdb" else source, key=key): None
        for source, key in found
        if key.startswith("tt") == (source == "imdb")
    }
    return tuple(named)


def parse_film(text: str, *, series: bool = False) -> Named:
    """Name, year, ids and edition in the name of a folder, or of a file without its suffix.

    >>> parse_film("The.Matrix.1999.1080p.BluRay.x264-GROUP").name, parse_film("2001 A Space Odyssey (1968)").year
    ('The Matrix', 1968)
    """
    ids, edition = ids_in(text, series=series), _EDITION.search(text)
    rest = _GROUP.sub(" ", _BARE_ID.sub(" ", _ID.sub(" ", text)))
    rest, part = _without_part(rest)
    name, year = _name_and_year(rest)
    return Named(name or clean(text), year, ids, clean(edition[1]) if edition else "", part)


def _without_part(text: str) -> tuple[str, int]:
    found = _PART.search(text.rstrip())
    if found is None:
        return text, 0
    mark = found[1].lower()
    return text[: found.start()], int(mark) if mark.isdecimal() else "abcd".index(mark) + 1


def _name_and_year(text: str) -> tuple[str, int | None]:
    bracketed = _YEAR.search(text)
    if bracketed and clean(text[: bracketed.start()]):
        return _spaced(text[: bracketed.start()]), int(bracketed[1])
    dotted = " " not in text.strip()
    spaced = text.replace("_", " ") if not dotted else re.sub(r"[._]", " ", text)
    cut = _RELEASE.sub("", spaced)
    # A bare year counts where a release name puts it; "Blade Runner 2049" and "2012" are names.
    years = [one for one in _LOOSE_YEAR.finditer(cut) if clean(cut[: one.start()])]
    if years and (len(cut) < len(spaced) or ("." in text and dotted)):
        return _spaced(cut[: years[-1].start()]), int(years[-1][1])
    return _spaced(cut), None


def _spaced(text: str) -> str:
    """Words with spaces between them and capitals where there were none."""
    if " " not in text.strip():
        text = re.sub(r"[._]+", " ", text)
    name = natural(clean(text.replace("_", " ")).rstrip(" -–.,([{").lstrip(" -–.,"))
    return " ".join(word[:1].upper() + word[1:] for word in name.split()) if name.islower() else name


def parse_episode(stem: str, *, in_season: bool = False) -> Numbered | None:
    """Season and episodes in a file's name; None where it is no episode.

    `in_season` says that it lies in a season's folder, where a leading number is enough. A date counts as an episode
    of the season of its year, numbered by month and day.

    >>> parse_episode("Show - S01E02-E03 - Name")
    Numbered(season=1, episodes=(2, 3), show='Show', name='Name')
    """
    for pattern in (_NUMBERED, _CROSSED):
        found = pattern.search(stem)
        if found:
            first = int(found[2])
            more = [int(one) for one in re.findall(r"\d+", found[3])]
            return _numbered(stem, found, int(found[1]), _all_of(first, more))
    dated = _DATED.search(stem)
    if dated and _is_date(*map(int, dated.groups())):
        year, month, day = map(int, dated.groups())
        return _numbered(stem, dated, year, (month * 100 + day,))
    only = _EPISODE_ONLY.search(stem) if in_season else None
    return _numbered(stem, only, None, (int(only[1]),)) if only else None


def _all_of(first: int, more: list[int]) -> tuple[int, ...]:
    """``E01-E03`` means all three; ``E01E02`` lists them."""
    last = more[-1] if more else first
    if first < last <= first + 20:
        return tuple(range(first, last + 1))
    return (first,)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _numbered(stem: str, found: re.Match[str], season: int | None, episodes: tuple[int, ...]) -> Numbered:
    behind = _RELEASE.sub("", _GROUP.sub(" ", re.sub(r"[._]", " ", stem[found.end() :])))
    return Numbered(season, episodes, parse_film(stem[: found.start()]).name if found.start() else "", _spaced(behind))


def season_of(folder: str) -> int | None:
    """The number of a season's folder, 0 for specials; None for any other folder.

    >>> season_of("Season 01"), season_of("Specials"), season_of("Staffel 2"), season_of("Seasons Greetings")
    (1, 0, 2, None)
    """
    if folder.strip().casefold() in _SPECIALS:
        return 0
    found = _SEASON.match(folder.strip())
    return int(found[1]) if found else None


def is_skipped_folder(name: str, *, inside: bool) -> bool:
    """Whether a folder holds no films: hidden, of the system, extras. `inside` tells that it lies deeper."""
    folded = name.strip().casefold()
    return name.startswith((".", "@")) or folded in _NEVER | _EXTRAS or (inside and folded in _EXTRAS_INSIDE)


def is_extra(stem: str) -> bool:
    """Whether a file is a trailer, a sample or another extra by its name."""
    return stem.casefold() in _EXTRA_NAMES or bool(_EXTRA_FILE.search(stem))
