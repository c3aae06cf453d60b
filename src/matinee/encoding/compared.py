"""Comparisons that are kept for people to look at: figures of every way, and films of those rungs that stand in pairs.

A title has one, its latest: ``comparisons/TITLE/comparison.json`` in the object store, which is written last of all and
names the files beside it, ``comparisons/TITLE/WHEN/WAY-RUNG.mp4``.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from itertools import combinations
from math import ceil
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from pydantic import TypeAdapter, ValidationError

from matinee.base.disk import disk_errors
from matinee.base.errors import NotFound
from matinee.base.objects import Objects
from matinee.base.progress import track
from matinee.encoding.codecs import CodecName
from matinee.encoding.plans.assembly import assemble
from matinee.encoding.plans.comparing import Comparison, Encoded
from matinee.encoding.publishing import taken_back, tidy
from matinee.media.packets import packets
from matinee.media.quality import Pooling, Scores

log = logging.getLogger(__name__)

KIND = "comparisons"
_FILE = "comparison.json"
_KEY = re.compile(rf"{KIND}/([0-9]+)/(.+)")
_POINTS = 1000
"""Of quality over time at most: more than a plot has pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRung:
    """One rung, as it was measured."""

    codec: CodecName
    width: int
    """Of the largest unit."""
    height: int
    kbps: float
    vmaf: dict[Pooling, float]
    """Of the whole."""
    quality: tuple[float, ...]
    """VMAF over time, the mean of each `Compared.step_s`."""
    unit_kbps: tuple[float, ...]
    """Of every unit."""
    file: str = ""
    """Name of its film; empty where it stands in no pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedWay:
    """One way, its rungs lowest first."""

    way: str
    bd_rate: float | None
    """In percent, against the first way; None where no quality is in both."""
    cpu_s: float
    rungs: tuple[ComparedRung, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPair:
    """Two rungs, one of each way, that take nearly the same bitrate."""

    ways: tuple[str, str]
    rungs: tuple[int, int]
    """Their places, from 0."""
    most_apart_s: float
    """When they look most unlike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A comparison of a title, as it is kept."""

    title_id: int
    made_ms: int
    source: str
    """Name of the file that was encoded."""
    duration_s: float
    rate: float
    """Frames a second."""
    width: int
    """Of the original."""
    height: int
    pooling: Pooling
    """How quality was counted for `bd_rate` and for the pairs."""
    step_s: float
    bounds_s: tuple[float, ...]
    """Where units begin, and where the last one ends; empty where no way has units."""
    ways: tuple[ComparedWay, ...]
    """The first is the one that others are held against."""
    pairs: tuple[ComparedPair, ...]
    """Of every two ways, the one that was named first first."""
    version: Literal[1] = 1

    @property
    def folder(self) -> str:
        """Where its films lie, below the title's."""
        return f"{self.made_ms:x}"


_ADAPTER: TypeAdapter[Compared] = TypeAdapter(Compared)


class Comparisons:
    """Kept comparisons, at most one shown of each title."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def keep(self, title_id: int, found: Comparison, work: Path, made_ms: int) -> Compared:
        """Keep a comparison, whose encodes must be there; from now on it is the title's. Films are made in `work`.

        Raises `Unavailable` where a disk is full or the store is gone: then the title's comparison of before stays.
        """
        kept = _compared(title_id, found, made_ms)
        where = f"{KIND}/{title_id}/{kept.folder}"
        with taken_back(self._objects, where):
            for name, rung in track(_films(found, kept), f"keeping what was compared of {found.source}"):
                draft = work / name
                try:
                    assemble(rung.files, draft, found.aspect, head=rung.head)
                    self._objects.put_file(f"{where}/{name}", draft)
                finally:
                    with disk_errors(draft):
                        draft.unlink(missing_ok=True)
            self._objects.put(f"{KIND}/{title_id}/{_FILE}", _ADAPTER.dump_json(kept))
        return kept

    def find(self, title_id: int) -> Compared | None:
        """The comparison of a title, if it has one."""
        try:
            return _ADAPTER.validate_json(self._objects.get(f"{KIND}/{title_id}/{_FILE}"))
        except NotFound:
            return None
        except ValidationError as error:
            log.warning("title %d: its comparison cannot be read: %s", title_id, error.errors()[0]["msg"])
            return None

    def all(self) -> list[Compared]:
        """Those of all titles, the latest first."""
        titles = [title for title, file in self._keys() if file == _FILE]
        found = [one for title in titles if (one := self.find(title))]
        return sorted(found, key=lambda one: (-one.made_ms, one.title_id))

    def tidy(self, before_ms: int) -> int:
        """Remove the films of comparisons that were replaced, or never ended, before this; how many comparisons."""
        removed = 0
        for title in dict.fromkeys(title for title, _ in self._keys()):
            shown = self.find(title)
            current = [f"{KIND}/{title}/{shown.folder}"] if shown else []
            removed += tidy(self._objects, title, current, before_ms, kind=KIND)
        return removed

    def _keys(self) -> list[tuple[int, str]]:
        """Of every object: its title, and the rest of its key."""
        matches = [_KEY.fullmatch(info.key) for info in self._objects.list(f"{KIND}/")]
        return [(int(one[1]), one[2]) for one in matches if one]


def film_key(title_id: int, folder: str, name: str) -> str:
    """Where the film of a rung lies in the object store."""
    return f"{KIND}/{title_id}/{folder}/{name}"


def _compared(title_id: int, found: Comparison, made_ms: int) -> Compared:
    every = max(1, ceil(found.duration_s * found.rate / _POINTS))
    pairs = tuple(_pair(found, *both) for both in combinations(found.ways, 2))
    shown = {(way, rung) for one in pairs for way, rung in zip(one.ways, one.rungs, strict=True)}
    anchor = next(iter(found.ways))
    return Compared(
        title_id=title_id,
        made_ms=made_ms,
        source=found.source,
        duration_s=found.duration_s,
        rate=found.rate,
        width=found.width,
        height=found.height,
        pooling=found.pooling,
        step_s=every / found.rate,
        bounds_s=tuple(_bounds(found) / found.rate),
        ways=tuple(
            ComparedWay(
                way=way.name,
                bd_rate=found.saving(anchor, way.name),
                cpu_s=way.cpu_s,
                rungs=tuple(
                    _rung(one, found, every, f"{way.name}-{number}.mp4" if (way.name, number) in shown else "")
                    for number, one in enumerate(way.rungs)
                ),
            )
            for way in found.ways.values()
        ),
        pairs=pairs,
    )


def _bounds(found: Comparison) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """First frames of units, and the frame after the last."""
    return np.array([one.start for one in found.units] + [one.stop for one in found.units[-1:]], np.intp)


def _pair(found: Comparison, one: str, other: str) -> ComparedPair:
    pair = found.pair(one, other)
    places = [found.ways[name].rungs.index(rung) for name, rung in zip((one, other), pair, strict=True)]
    return ComparedPair(ways=(one, other), rungs=(places[0], places[1]), most_apart_s=found.most_apart_s(*pair))


def _rung(one: Encoded, found: Comparison, every: int, file: str) -> ComparedRung:
    return ComparedRung(
        codec=one.codec,
        width=one.width,
        height=one.height,
        kbps=one.kbps,
        vmaf={pooling: one.quality(pooling) for pooling in get_args(Pooling)},
        quality=tuple(_thinned(found.over_time(one), every)),
        unit_kbps=tuple(round(kbps, 2) for kbps in one.unit_kbps or _unit_kbps(one, found)),
        file=file,
    )


def _thinned(scores: Scores, every: int) -> list[float]:
    """The mean of every so many, and of what is left of them at the end.

    >>> _thinned(np.array([90.0, 80.0, 70.0]), 2)
    [85.0, 70.0]
    """
    starts = np.arange(0, len(scores), every)
    means = np.add.reduceat(scores, starts) / np.diff([*starts, len(scores)])
    return [round(float(one), 2) for one in means]


def _unit_kbps(one: Encoded, found: Comparison) -> list[float]:
    """Bitrate over the units of the others, for an encode that has none of its own."""
    bounds = _bounds(found)
    if not len(bounds):
        return []
    (file,) = one.files
    sizes = [packet.size_bytes for packet in sorted(packets(file, 0), key=lambda packet: packet.time)]
    return list(np.add.reduceat(sizes, bounds[:-1]) * 8 / 1000 / (np.diff(bounds) / found.rate))


def _films(found: Comparison, kept: Compared) -> list[tuple[str, Encoded]]:
    """Names of films to be made, and the rung of each."""
    return [
        (rung.file, encoded)
        for way in kept.ways
        for rung, encoded in zip(way.rungs, found.ways[way.way].rungs, strict=True)
        if rung.file
    ]
