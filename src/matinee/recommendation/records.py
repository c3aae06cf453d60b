"""The nouns of a home page: a page has rows, a row has items, and everything says why it is there."""

from __future__ import annotations

from dataclasses import dataclass

from matinee.catalog.records import Title


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A title in its place."""

    title: Title
    position: int
    """Place in the row, from 0."""
    reason: str
    """Why this title, as a short phrase in the viewer's words."""
    model: str
    """Name and version of what chose it, as ``als-0001764...``."""
    propensity: float = 1.0
    """Probability with which it was put in this place; 1 where nothing was left to chance."""
    progress: float | None = None
    """How much of it the viewer has watched, 0 to 1; None where it was not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Titles with one thing in common, which is the heading."""

    slug: str
    """``continue-watching``, ``top-picks``, ``because-<title id>``, ``trending``, ``new``, ``my-list`` or
    ``genre-<slug>``; unique on a page."""
    heading: str
    reason: str
    """Why this row, as one sentence."""
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """What a viewer finds on opening the site."""

    id: str
    viewer_id: int
    at_ms: int
    hero: Item | None
    """One film, playable where any is; None where the library is empty. It is in no row of picks."""
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """What came of a training."""

    version: str
    """The version on the shelf, now current."""
    viewers: int
    titles: int
    interactions: int
    losses: tuple[float, ...]
    """Training loss after each epoch, per interaction."""
    seconds: float
