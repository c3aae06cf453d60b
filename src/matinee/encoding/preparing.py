"""Preparing a film: read it once, and keep what was seen under the digest of what it was seen in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np

from matinee.base.disk import disk_errors, make_folder, replace_file
from matinee.encoding.analysis import Analysis, analyse, find_bars, find_grain, find_scan
from matinee.encoding.ladder import fitted
from matinee.encoding.originals import Crop, Original, own_rate, sized, steadied
from matinee.encoding.pieces import room
from matinee.encoding.trials import digest_of
from matinee.media.probe import probe
from matinee.media.shots import Shot

_MAKE = 2
"""Goes up when analysis comes to find otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A film that has been read."""

    etag: str
    original: Original
    analysis: Analysis
    display: tuple[int, int]
    """Width and height of the film's upright pictures with square pixels, black bars and all."""
    crop: Crop | None
    """What of them is not black bars, where there are any."""


def prepare(source: Path, etag: str, work: Path, heights: Sequence[int]) -> Prepared:
    """Read a film, or find what was found when it was read before; `etag` names its content.

    Raises what `matinee.media.probe.probe` and `matinee.media.run.ffmpeg` raise.
    """
    media = probe(source)
    crop, scan, video = find_bars(media), find_scan(media), media.video
    size = (crop.width, crop.height) if crop else video.display_size
    width, height = fitted(size, max(heights))
    rate = own_rate(video, scan)
    filters = f"{steadied(video, rate, crop, scan)},{sized(video, width, height)}"
    original = Original(
        path=source, track=video.index, filters=filters, width=width, height=height, rate=rate, frames=0
    )
    kept = work / "analyses" / f"{digest_of(_MAKE, etag, filters, original.rate)}.npz"
    analysis = _load(kept)
    if analysis is None:
        with disk_errors(work):
            make_folder(kept.parent)
            with room(work) as folder:
                analysis = analyse(original, find_grain(media), folder / "proxy.mp4")
        _save(kept, analysis)
    original = replace(original, frames=len(analysis.frames))
    return Prepared(etag=etag, original=original, analysis=analysis, display=video.display_size, crop=crop)


def _load(path: Path) -> Analysis | None:
    try:
        with np.load(path) as kept:
            shots = tuple(Shot(int(start), int(stop)) for start, stop in kept["shots"])
            return Analysis(shots, kept["frames"], float(kept["grain"]))
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _save(path: Path, analysis: Analysis) -> None:
    out = BytesIO()
    shots = np.array([(one.start, one.stop) for one in analysis.shots])
    np.savez_compressed(out, shots=shots, frames=analysis.frames, grain=analysis.grain)
    with disk_errors(path):
        replace_file(path, out.getvalue())
