"""What the templates are given: small frozen records with nothing left to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from markupsafe import Markup

from matinee.catalog.records import Title, Viewer

_AVATARS = ("#a3262f", "#1f6f78", "#8a5a00", "#4a6391", "#7a4a78", "#2f7d57", "#b0582c", "#5f6b2d")
"""Colours of profiles that have none of their own; white letters can be read on each."""


@dataclass(frozen=True, slots=True)
class Who:
    """A profile as it is shown."""

    id: int
    name: str
    initial: str
    colour: str
    ink: str
    """Colour of the letter on `colour`."""
    child: bool
    maturity: int

    @classmethod
    def of(cls, viewer: Viewer) -> Who:
        """How a viewer is shown."""
        colour = viewer.avatar or _AVATARS[crc32(viewer.name.encode()) % len(_AVATARS)]
        return cls(
            id=viewer.id,
            name=viewer.name,
            initial=viewer.name.strip()[:1].upper() or "?",
            colour=colour,
            ink=ink_on(colour),
            child=viewer.child,
            maturity=viewer.maturity,
        )


@dataclass(frozen=True, slots=True)
class Shell:
    """What every page of the site has around it."""

    path: str
    """Path and query of the page itself, to come back to."""
    section: str
    """Which entry of the navigation is current."""
    viewer: Who | None = None
    email: str = ""
    operator: bool = False
    viewing_as: bool = False
    theme: str = "auto"
    """``auto``, ``dark`` or ``light``."""
    events_from: int | None = None
    """The viewer whose events the browser may report; None while an operator looks on."""


class Entry(NamedTuple):
    """One tile: a title, and why it stands there."""

    title: Title
    reason: str = ""
    progress: float | None = None


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of tiles."""

    slug: str
    heading: str
    reason: str
    shape: str
    tiles: Markup
    more: str = ""
    """Address of a page with all of it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a viewer has said of a title."""

    title_id: int
    name: str
    listed: bool
    thumb: int


@dataclass(frozen=True, slots=True)
class HeroView:
    """One film, large."""

    title: Title
    facts: str
    why: str
    picture: Markup
    choice: Choice
    play: str
    """Address of the player; empty where there is no stream."""
    play_label: str
    progress: int | None = None


@dataclass(frozen=True, slots=True)
class EpisodeView:
    """One episode in a list."""

    title: Title
    picture: Markup
    facts: str
    progress: int | None


@dataclass(frozen=True, slots=True)
class SeasonView:
    """A season with its episodes."""

    name: str
    episodes: tuple[EpisodeView, ...]


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody in the credits."""

    name: str
    part: str


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read better on a colour: with 4.5:1 at least on any.

    >>> ink_on("#e8b04a"), ink_on("#1f6f78")
    ('#000000', '#ffffff')
    """
    light = luminance(colour)
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "#000000"


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@dataclass(frozen=True, slots=True)
class Pick:
    """A title in the taste picker."""

    id: int
    picture: Markup
    about: str
    """Year and genres, for whoever does not know it by its poster."""
    on: bool
