"""What encoding gives: frozen records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from matinee.base.compute import Compute
from matinee.encoding.savings import Point, Savings

State = Literal["pending", "encoding", "done", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The picture at one size."""

    width: int
    height: int
    bitrate_kbps: int
    """Mean, of the picture alone."""
    codec: str
    """RFC 6381."""
    vmaf: float | None = None
    """Its quality, where it was planned and so measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoding:
    """How a title is encoded anew in a round over the catalogue, and what is expected of it."""

    compute: Compute
    replaced: tuple[Point, ...]
    """The renditions in H.264 whose place others take, measured; none where that could not be done."""
    cpu_s: float
    """Expected."""
    saved: Savings
    """Expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoded:
    """What it came to, beside what was expected."""

    cpu_s: float
    """Of all trials of the plans, those that earlier rounds had made among them."""
    cpu_s_foretold: float
    saved: Savings
    saved_foretold: Savings
    replaced: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An encoded and published film."""

    title_id: int
    etag: str
    prefix: str
    """Object keys of its files begin with this."""
    duration_s: float
    renditions: tuple[Rendition, ...]
    fresh: bool
    """Whether it was published now, rather than found finished."""
    refused: tuple[str, ...] = field(default=())
    recoded: Recoded | None = None
    """Where a round over the catalogue made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Where a title stands."""

    title_id: int
    name: str
    source: str
    state: State
    """``missing`` where the source file is not there."""
