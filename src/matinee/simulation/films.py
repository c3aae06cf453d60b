"""What films there are: read from the tables in `films/*.toml`, checked, as frozen records.

A film is told as its shots; everything else about it (who made it, for whom, what is said) stands beside them. No
pixel is made here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Shot:
    """One uninterrupted view."""

    scene: str
    """Name of a file in `scenes`."""
    seconds: float
    move: str = "hold"
    """A key of `camera.MOVES`."""
    lens: float = 1.0
    focus: tuple[float, float] = (0.0, 0.5)
    palette: str = ""
    """Its own palette; empty for that of the film."""
    knobs: Mapping[str, Any] = field(default_factory=dict)
    """What the scene's `paint` takes besides."""
    lines: Sequence[str] = ()
    """What is said in it, in the language of the film's first subtitles."""
    translated: Sequence[str] = ()
    """The same lines in its second language, where it has one."""


@dataclass(frozen=True)
class Film:
    """A film or an episode."""

    name: str
    year: int
    shots: tuple[Shot, ...]
    palette: str
    music: Mapping[str, Any]
    genres: tuple[str, ...]
    mood: str
    maturity: int
    synopsis: str
    tagline: str = ""
    keywords: tuple[str, ...] = ()
    language: str = "en"
    second_language: str = ""
    """Language of the second subtitles."""
    director: str = ""
    writer: str = ""
    composer: str = ""
    cast: tuple[tuple[str, str], ...] = ()
    """(actor, character), in billing order."""
    lead_in_s: float = 0.0
    """Black before the first shot."""
    fade_s: float = 0.6
    """Fade from and to black."""
    lettering: bool = False
    """Whether its name stands on the black."""
    pace: float = 0.5
    """How quick it is, 0 to 1: a taste that viewers have."""
    series: str = ""
    season: int = 0
    episode: int = 0

    @property
    def starts_s(self) -> tuple[float, ...]:
        """When each shot begins, in seconds."""
        starts, at = [], self.lead_in_s
        for shot in self.shots:
            starts.append(at)
            at += shot.seconds
        return tuple(starts)

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return self.lead_in_s + sum(shot.seconds for shot in self.shots)

    @property
    def cuts_s(self) -> tuple[float, ...]:
        """The hard cuts: each start but the first."""
        return self.starts_s[1:]

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return (
            f"{self.series or self.name} ({self.year}) {self.season}x{self.episode}"
            if self.series
            else (f"{self.name} ({self.year})")
        )


@dataclass(frozen=True)
class Series:
    """A series of one season, whose episodes are films with `series` set."""

    name: str
    year: int
    genres: tuple[str, ...]
    mood: str
    maturity: int
    synopsis: str
    tagline: str = ""
    episodes: tuple[Film, ...] = ()


@dataclass(frozen=True)
class Format:
    """Size of the picture and how well it is kept."""

    width: int = 960
    height: int = 540
    crf: int = 24
    preset: str = "ultrafast"
    peak_kbps: int = 1400
    """Low enough that encoding takes the picture as it is for its largest (`matinee.encoding.streams.fitting`)."""


FORMAT = Format()


@cache
def films() -> tuple[Film, ...]:
    """Every film, in the order of the tables."""
    return tuple(_film(one) for table in _tables() for one in table.get("film", ()))


@cache
def series() -> tuple[Series, ...]:
    """Every series, with its episodes."""
    return tuple(_series(one) for table in _tables() for one in table.get("series", ()))


def everything() -> tuple[Film, ...]:
    """Films and episodes: all that is filmed."""
    return (*films(), *(episode for one in series() for episode in one.episodes))


def _tables() -> list[dict[str, Any]]:
    folder = files("matinee.simulation").joinpath("films")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return [tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in names]


def _film(row: Mapping[str, Any], **given: Any) -> Film:
    fields = {**row, **given}
    fields["shots"] = tuple(_shot(shot) for shot in fields.pop("shot"))
    for name in ("genres", "keywords"):
        fields[name] = tuple(fields.get(name, ()))
    fields["cast"] = tuple((actor, character) for actor, character in fields.get("cast", ()))
    return Film(**fields)


def _shot(row: Mapping[str, Any]) -> Shot:
    known = {"scene", "seconds", "move", "lens", "palette", "lines", "translated"}
    fields: dict[str, Any] = {name: value for name, value in row.items() if name in known}
    knobs = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name not in {*known, "focus"}
    }
    return Shot(**fields, focus=tuple(row.get("focus", (0.0, 0.5))), knobs=knobs)


def _series(row: Mapping[str, Any]) -> Series:
    fields = dict(row)
    shared = {name: fields[name] for name in ("year", "genres", "mood", "maturity")}
    made = {name: fields.pop(name) for name in ("palette", "music", "director", "writer", "composer", "cast", "pace")}
    rows = fields.pop("episode")
    fields["genres"] = tuple(fields["genres"])
    fields["episodes"] = tuple(
        _film({**shared, **made, **one}, series=fields["name"], season=1, episode=number)
        for number, one in enumerate(rows, 1)
    )
    return Series(**fields)
