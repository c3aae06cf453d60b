"""Films and series in a library folder, as records; what is found is stored by `matinee.catalog.shelving`.

The folder is only read. Naming follows Jellyfin, Plex and Kodi (see `matinee.catalog.naming`); an NFO has the last word
over a name, and each file that cannot be understood is told of and left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from matinee.base.errors import InvalidInput
from matinee.catalog import beside, nfo
from matinee.catalog.beside import VIDEO, Beside
from matinee.catalog.names import match_name
from matinee.catalog.naming import Named, Numbered, is_extra, parse_episode, parse_film, season_of
from matinee.catalog.nfo import Nfo
from matinee.catalog.records import ExternalId, Kind, TitleDraft
from matinee.catalog.walking import File, Folder, Refused, list_folder, walk

_SUBS = {"subs", "subtitles", "sub"}


@dataclass(frozen=True, slots=True)
class Source:
    """A film file."""

    file: File
    version: str = ""
    """What tells it from other versions of the same film, as ``1080p`` or ``Director's Cut``."""


@dataclass(frozen=True, slots=True)
class Found:
    """A film or an episode, and its files."""

    draft: TitleDraft
    sources: tuple[Source, ...]
    beside: tuple[Beside, ...] = ()
    series: Series | None = None
    season: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A series, as its folder tells."""

    key: str
    """Path of its folder, or its name where its episodes lie among other files."""
    draft: TitleDraft
    beside: tuple[Beside, ...] = ()


@dataclass(slots=True)
class Step:
    """What one folder holds."""

    path: Path
    found: list[Found] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    unreadable: bool = False


def read(root: Path) -> Iterator[Step]:
    """What each folder of a library holds. Raises as `walking.walk`."""
    reader = _Reader(root)
    for folder in walk(root):
        yield reader.step(folder)


class _Reader:
    """Reads folders one after the other and remembers the series that their episodes belong to."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._series: dict[str, Series] = {}

    def step(self, folder: Folder) -> Step:
        step = Step(folder.path, refused=folder.refused, unreadable=folder.unreadable)
        season = None if folder.path.name.casefold() in _SUBS else season_of(folder.path.name)
        videos = [one for one in folder.files if one.suffix in VIDEO and not is_extra(one.stem)]
        films: list[File] = []
        for video in videos:
            numbered = parse_episode(video.stem, in_season=season is not None)
            if numbered is None:
                films.append(video)
            else:
                number = numbered.season if numbered.season is not None else season or 0
                series = self._series_of(folder, season, numbered.show, step)
                step.found += _episodes(folder, video, series, replace(numbered, season=number), step)
        step.found += _films(folder, films, step, alone=len(films) == len(videos))
        return step

    def _series_of(self, folder: Folder, season: int | None, show: str, step: Step) -> Series:
        """The series of an episode: of the folder above a season's, else of the episode's own, else by its name."""
        place = folder.path.parent if season is not None else folder.path
        if season is None and folder.is_root and show:
            key = f"name:{match_name(show)}"
            if key not in self._series:
                self._series[key] = Series(key, TitleDraft(kind=Kind.SERIES, name=show))
            return self._series[key]
        if str(place) not in self._series:
            listed = list_folder(place, is_root=False, seen=set()) if place != folder.path else folder
            self._series[str(place)] = _series(listed, show, step)
        return self._series[str(place)]


def _series(folder: Folder, show: str, step: Step) -> Series:
    named = parse_film(folder.path.name or show or "Untitled", series=True)
    [told] = _told([one for one in folder.files if one.path.name.casefold() == "tvshow.nfo"], step, 1)
    return Series(
        str(folder.path),
        _draft(Kind.SERIES, named, told, ()),
        tuple(beside.pictures(folder.files, (), alone=True)),
    )


def _episodes(folder: Folder, video: File, series: Series, numbered: Numbered, step: Step) -> list[Found]:
    numbers = numbered.episodes
    told = _told([one for one in folder.files if one.path.name == f"{video.stem}.nfo"], step, len(numbers))
    extras = (
        *beside.subtitles(folder.files, video.stem),
        *beside.pictures(folder.files, (video.stem,), alone=False, episode=True),
    )
    found = []
    for at, number in enumerate(numbers):
        one = next((entry for entry in told if entry is not None and entry.episode == number), told[at])
        key = ExternalId(source="file", key=video.etag if len(numbers) == 1 else f"{video.etag}#{number}")
        draft = _draft(Kind.EPISODE, Named(numbered.name or f"Episode {number}"), one, (key,), number=number)
        found.append(Found(draft, (Source(video),), extras, series, numbered.season))
    return found


def _films(folder: Folder, videos: list[File], step: Step, *, alone: bool) -> list[Found]:
    groups: dict[tuple[object, ...], list[tuple[File, Named]]] = {}
    whole = parse_film(folder.path.name)
    for video in videos:
        named = _named(video, whole, alone=alone and len(videos) == 1)
        if named.part > 1:
            step.refused.append(
                Refused(str(video.path), "is a later part of a film in several files: join them into one")
            )
            continue
        ids = tuple((one.source, one.key) for one in named.ids)
        groups.setdefault((match_name(named.name), named.year, ids), []).append((video, named))
    return [_film(folder, group, step, alone=alone and len(groups) == 1) for group in groups.values()]


def _named(video: File, whole: Named, *, alone: bool) -> Named:
    """The name of a film by its file and the folder `whole`; `alone`: nothing else lies there."""
    own = parse_film(video.stem)
    same = match_name(own.name) == match_name(whole.name)
    trusted = whole.year is not None or bool(whole.ids)
    begins = match_name(own.name).startswith(match_name(whole.name))
    if own.year is None and not own.ids and trusted and (alone or begins):
        return Named(whole.name, whole.year, whole.ids, own.edition or whole.edition, own.part)
    if same and trusted:
        return Named(own.name, own.year or whole.year, own.ids or whole.ids, own.edition or whole.edition, own.part)
    return own


def _film(folder: Folder, group: list[tuple[File, Named]], step: Step, *, alone: bool) -> Found:
    stems = [video.stem for video, _ in group]
    names = {f"{stem}.nfo" for stem in stems} | ({"movie.nfo"} if alone else set())
    [told] = _told([one for one in folder.files if one.path.name in names], step, 1)
    files = [one for stem in stems for one in beside.subtitles(folder.files, stem)]
    if alone:
        for path in folder.folders:
            if path.name.casefold() in _SUBS:
                files += beside.subtitles_in_folder(list_folder(path, is_root=False, seen=set()).files)
    pictures = beside.pictures(folder.files, stems, alone=alone)
    keys = tuple(ExternalId(source="file", key=video.etag) for video, _ in group)
    sources = tuple(Source(video, named.edition or _version(video.stem)) for video, named in group)
    return Found(_draft(Kind.FILM, group[0][1], told, keys), sources, (*files, *pictures))


def _version(stem: str) -> str:
    """What follows the last `` - ``, as Jellyfin labels versions."""
    _, dash, label = stem.rpartition(" - ")
    return label.strip(" []") if dash else ""


def _told(files: Sequence[File], step: Step, count: int) -> list[Nfo | None]:
    """What the first readable NFO says, as `count` entries."""
    for file in files:
        try:
            found = nfo.parse(file.path.read_bytes() if file.size <= nfo.LARGEST else b" " * (nfo.LARGEST + 1), "it")
        except InvalidInput as error:
            step.refused.append(Refused(str(file.path), error.message.removeprefix("it ").rstrip(".")))
        except OSError as error:
            step.refused.append(Refused(str(file.path), f"cannot be read: {error.strerror}"))
        else:
            return [*found[:count], *[None] * (count - len(found))]
    return [None] * count


def _draft(
    kind: Kind, named: Named, told: Nfo | None, keys: tuple[ExternalId, ...], number: int | None = None
) -> TitleDraft:
    said = told or Nfo(root="address")
    return TitleDraft(
        kind=kind,
        name=said.name or named.name,
        year=said.year or named.year,
        number=number,
        original_name=said.original_name if said.original_name != said.name else "",
        synopsis=said.synopsis,
        tagline=said.tagline,
        mood=said.mood,
        runtime_s=said.runtime_s,
        language=said.language,
        maturity=said.maturity,
        genres=said.genres,
        keywords=said.keywords,
        ids=tuple(dict.fromkeys([*said.ids, *named.ids, *keys])),
        credits=said.credits,
    )
