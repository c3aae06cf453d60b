"""Streams that are about to be replaced: how good their renditions are, so that one can say what was saved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from matinee.base.compute import Compute
from matinee.base.disk import disk_errors, make_folder, replace_file
from matinee.base.objects import Objects
from matinee.catalog.records import Asset
from matinee.encoding.plans.pieces import room
from matinee.encoding.plans.preparing import Prepared
from matinee.encoding.savings import Point
from matinee.encoding.streams.presentation import INITIALISATION, SEGMENT
from matinee.media.packets import packets
from matinee.media.quality import Pooling, pooled, vmaf

_FRAMES = 400
"""That are looked at, of each rendition: the mean of so many is near enough for a saving in percent."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A published stream whose place another is to take."""

    objects: Objects
    stream: Asset

    def renditions(self) -> dict[int, Point]:
        """Those in H.264, which every player takes, by number; with the quality that plans had measured."""
        return {
            i: Point(width=one["width"], height=one["height"], kbps=one["bitrate_kbps"], vmaf=one.get("vmaf"))
            for i, one in enumerate(self.stream.facts["renditions"])
            if one["codec"].startswith("avc")
        }

    def measured(self, film: Prepared, pooling: Pooling, work: Path, compute: Compute) -> list[Point]:
        """The same, measured against the film where they were not; none where they are encrypted or of another rate.

        What was measured is kept in `work`, and found there again. Raises `NotFound` where a part of the stream is
        gone, `Unavailable` where the disk is full, and what `matinee.media.quality.vmaf` raises.
        """
        found, facts = self.renditions(), self.stream.facts
        if all(one.vmaf is not None for one in found.values()):
            return list(found.values())
        if facts["encryption"] != "none" or facts["frame_rate"] != str(film.original.rate):
            return []
        kept = work / "replaced" / f"{self.stream.etag}-{pooling}.json"
        scores = _load(kept)
        if scores is None:
            scores = dict(zip(map(str, found), self._scores(found, film, pooling, work, compute), strict=True))
            with disk_errors(kept):
                make_folder(kept.parent)
                replace_file(kept, json.dumps(scores).encode())
        return [replace(one, vmaf=scores[str(i)]) for i, one in found.items()]

    def _scores(
        self, found: Mapping[int, Point], film: Prepared, pooling: Pooling, work: Path, compute: Compute
    ) -> list[float]:
        label = f"measuring the stream of {film.original.path.name}"
        with disk_errors(work), room(work) as folder:
            return list(compute.map(partial(_score, film, pooling), self._files(found, folder), label))

    def _files(self, found: Mapping[int, Point], folder: Path) -> Iterator[Path]:
        """Each rendition as one file, written as it is asked for."""
        for i in found:
            path, segments = folder / f"{i}.mp4", SEGMENT.partition("{number")[0].format(id=i)
            with path.open("wb") as file:
                file.write(self.objects.get(f"{self.stream.uri}/{INITIALISATION.format(id=i)}"))
                for info in self.objects.list(f"{self.stream.uri}/{segments}"):
                    file.write(self.objects.get(info.key))
            yield path


def _score(film: Prepared, pooling: Pooling, path: Path) -> float:
    """Quality of a rendition, in a process of its own; the file has then served."""
    try:
        return _pooled(film, pooling, path)
    finally:
        path.unlink(missing_ok=True)


def _pooled(film: Prepared, pooling: Pooling, path: Path) -> float:
    original, (width, height), crop = film.original, film.display, film.crop
    # The two may end a frame apart, by how each took the last one's length.
    frames = min(original.frames, sum(1 for _ in packets(path, 0)))
    cut = f"crop={crop.width}:{crop.height}:{crop.left}:{crop.top}" if crop else "null"
    scores = vmaf(
        path,
        original.path,
        (original.width, original.height),
        frames=frames,
        every=max(1, frames // _FRAMES),
        pictures=f"[1:{original.track}]{original.filters},trim=end_frame={frames}",
        encoded=f"[0:v]trim=end_frame={frames},scale={width}:{height}:flags=bicubic,{cut}",
    )
    return pooled(scores, pooling)


def _load(kept: Path) -> dict[str, float] | None:
    with suppress(OSError, ValueError):
        known: dict[str, float] = json.loads(kept.read_text())
        return known
    return None
