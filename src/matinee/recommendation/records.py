"""The nouns of recommendation: pages and lists of titles, what they rest on, and the shelf that they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from matinee.catalog.records import Kind, Title


@dataclass(slots=True)  # a page makes two hundred, and frozen ones take three times as long to make
class Item:
    """A title in its place."""

    title: Title
    position: int
    """Place in the row, from 0."""
    reason: str
    """Why this title, as a short phrase in the viewer's words."""
    model: str
    """Name and version of what chose it, as ``als-0001764...``."""
    fallback: str = ""
    """Why not the recommender of first choice, as ``no-history``; empty where it was that one. See `Recommendation`."""
    propensity: float = 1.0
    """Probability with which it was put in this place; 1 where nothing was left to chance."""
    progress: float | None = None
    """How much of it the viewer has watched, 0 to 1; None where it was not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Titles with one thing in common, which is the heading."""

    slug: str
    """``continue-watching``, ``top-picks``, ``because-<title id>``, ``trending``, ``new``, ``my-list``,
    ``moment-<slug>`` or ``genre-<slug>``; unique on a page."""
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
    device: str = ""
    """On what it was asked for, as ``tv``; empty where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list of titles may hold; everything that is not said is allowed."""

    genres: tuple[str, ...] = ()
    """At least one of these."""
    kinds: tuple[Kind, ...] = ()
    languages: tuple[str, ...] = ()
    """Of the original, by the first part of the tag: ``pt`` allows ``pt-BR``."""
    years: tuple[int | None, int | None] = (None, None)
    """First and last year; None where it is open."""
    longest_s: float | None = None
    """Titles that run longer, and those whose length is not known, are left out."""
    playable: bool = False
    """Only what can be played."""
    seen: bool = False
    """Also what the viewer has touched."""
    without: tuple[int, ...] = ()
    """Title ids to leave out."""


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Titles for one viewer, best first, and who says so."""

    id: str
    viewer_id: int
    at_ms: int
    model: str
    """Name and version of the recommender that served."""
    fallback: str
    """Why it was not the recommender of first choice: ``untrained`` (nothing lies on the shelf), ``no-history`` (the
    viewer has liked nothing yet), ``unknown-history`` (only titles that no model knows), ``all-seen`` (nothing
    untouched is left, so what was liked is offered again), ``unknown-title`` (of an item: its model does not know it),
    ``unavailable`` (the recommender of first choice cannot be loaded here); empty where it was."""
    items: tuple[Item, ...]
    words: str = ""
    """What to tell the viewer where there are no items, or none but seen ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that speaks for or against a title."""

    kind: str
    """``history`` (something the viewer touched), ``content``, ``crowd``, ``moment``, ``shown`` or ``stars``."""
    words: str
    weight: float
    """Of history, its share of what the score rests on: shares add up to at most 1 in size, and below 0 it speaks
    against. Of the moment and of what was shown, standard deviations of scores; of the rest 0."""
    title: Title | None = None
    """The title of the history that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a title is, or is not, for a viewer."""

    viewer_id: int
    title: Title
    reason: str
    """One sentence in the viewer's words."""
    model: str
    fallback: str
    rank: int | None
    """Place among all that could be recommended, from 1; None where it cannot be, as `reason` says."""
    among: int
    """How many could be."""
    evidence: tuple[Evidence, ...]
    """Greatest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfModel:
    """One fitted model of a version."""

    name: str
    kind: str
    size_bytes: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    """On the viewers' last titles, which were held out: as ``ndcg@10``, with its 95 % interval ``ndcg@10.low`` and
    ``ndcg@10.high``; empty where it was not measured."""
    seconds: float = 0.0
    """How long the fit took."""
    losses: tuple[float, ...] = ()
    """Training loss after each epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfVersion:
    """What one training put on the shelf."""

    version: str
    created_ms: int
    served: bool
    best: str
    """Name of the model that is the recommender of first choice."""
    models: tuple[ShelfModel, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """``viewers``, ``titles``, ``interactions``, and ``protocol``: how it was measured."""
    fault: str = ""
    """Why it cannot be read; then it has no models."""
    digest: str = ""
    """Of the bytes of its models: the same for trainings that came out alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfReport:
    """What lies on the shelf."""

    current: str | None
    versions: tuple[ShelfVersion, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TasteMap:
    """Titles as points in a plane: what is near is watched by the same viewers. Columns of equal length."""

    version: str
    """Empty where nothing was trained, or the version has no space of tastes; then there are no points."""
    title_ids: tuple[int, ...]
    names: tuple[str, ...]
    genres: tuple[str, ...]
    """The first genre of each."""
    x: tuple[float, ...]
    """-1 to 1."""
    y: tuple[float, ...]
    popularity: tuple[float, ...]
    """0 to 1, the most watched 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """What came of a training."""

    version: str
    """The version on the shelf, now current."""
    viewers: int
    titles: int
    interactions: int
    losses: tuple[float, ...]
    """Training loss of the taste space (``als``) after each epoch, per interaction; empty where it was not trained."""
    seconds: float
    models: tuple[ShelfModel, ...] = ()
    """Each with its metrics and how long it took."""
    best: str = ""
    """The recommender of first choice."""
