"""Renditions of a film as they were planned and encoded, unit by unit, before its stream is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from matinee.encoding.codecs import CodecName
from matinee.encoding.plans.originals import Original
from matinee.encoding.records import Recoded, Recoding, Rendition
from matinee.encoding.savings import Point, Savings, saved


@dataclass(frozen=True, slots=True)
class Joined:
    """A rendition that exists already, unit by unit."""

    name: str
    codec: CodecName
    encodes: tuple[Path, ...]
    vmaf: float
    head: Path | None = None
    """The largest of the encodes, where units may have different sizes; None where they have one."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The picture of a film in all codecs; see `matinee.encoding.plans.planning`."""

    original: Original
    rungs: tuple[Joined, ...]
    """Of one codec smallest first; some of them of one size."""
    cpu_s: float
    """That finding them took."""

    def renditions(self, made: Sequence[Rendition]) -> tuple[Rendition, ...]:
        """What was made of these rungs, with the quality that they were measured to have."""
        return tuple(replace(one, vmaf=rung.vmaf) for one, rung in zip(made, self.rungs, strict=True))

    def recoded(self, recoding: Recoding, made: Sequence[Rendition]) -> Recoded:
        """What encoding the film in a round over the catalogue came to, by what was made of these rungs."""
        return Recoded(
            cpu_s=self.cpu_s,
            cpu_s_foretold=recoding.cpu_s,
            saved=self._saved(recoding.replaced, made),
            saved_foretold=recoding.saved,
            replaced=recoding.replaced,
        )

    def _saved(self, replaced: Sequence[Point], made: Sequence[Rendition]) -> Savings:
        """By codec, against the renditions of the stream before."""
        points: dict[CodecName, list[Point]] = {}
        for rung, one in zip(self.rungs, made, strict=True):
            point = Point(width=one.width, height=one.height, kbps=one.bitrate_kbps, vmaf=rung.vmaf)
            points.setdefault(rung.codec, []).append(point)
        return {codec: saved(replaced, found) for codec, found in points.items()}
