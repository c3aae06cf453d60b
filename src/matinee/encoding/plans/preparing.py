"""Preparing a film: read it once, and keep what was seen under the digest of what it was seen in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from math import inf
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from matinee.base.disk import disk_errors, make_folder, replace_file
from matinee.encoding.codecs import CodecName, shrunk_grain
from matinee.encoding.ladder import fitted
from matinee.encoding.plans.analysis import Analysis, analyse, find_bars, find_grain, find_scan
from matinee.encoding.plans.originals import Crop, Original, Scan, kept, own_rate, shown, sized, steadied, thinned
from matinee.encoding.plans.pieces import room
from matinee.encoding.plans.trials import digest_of
from matinee.media.probe import probe
from matinee.media.shots import Shot

_MAKE = 3
"""Goes up when analysis comes to find otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A film that has been read."""

    etag: str
    original: Original
    """In 8 bits of standard range."""
    full: Original
    """In 10 bits with the range of the film, where it has more than the other; else the same."""
    analysis: Analysis
    """Of the original in standard range, whatever is encoded: shots are the same in every codec."""
    grain: float
    """Standard deviation of the grain at the size of the original, in steps of 8 bits."""
    display: tuple[int, int]
    """Width and height of the film's upright pictures with square pixels, black bars and all."""
    crop: Crop | None
    """What of them is not black bars, where there are any."""

    def original_in(self, codec: CodecName) -> Original:
        """What encodes in this codec are made from and compared with."""
        return self.original if codec == "h264" else self.full


def prepare(source: Path, etag: str, work: Path, heights: Sequence[int], fastest: float = inf) -> Prepared:
    """Read a film, or find what was found when it was read before; `etag` names its content.

    One of more than `fastest` pictures a second is thinned out. Raises what `matinee.media.probe.probe` and
    `matinee.media.run.ffmpeg` raise.
    """
    media = probe(source)
    video = media.video
    path = work / "analyses" / f"{digest_of(_MAKE, etag, max(heights), fastest)}.npz"
    seen = _load(path)
    crop, scan = (seen.crop, seen.scan) if seen else (find_bars(media), find_scan(media))
    size = (crop.width, crop.height) if crop else video.display_size
    width, height = fitted(size, max(heights))
    rate = thinned(own_rate(video, scan), fastest)
    original, full = (
        Original(
            path=source,
            track=video.index,
            filters=f"{steadied(video, rate, crop, scan, keep)},{sized(video, width, height, keep=keep)}",
            width=width,
            height=height,
            rate=rate,
            frames=0,
            depth=keep.depth,
            colour=keep.colour,
        )
        for keep in (shown(video), kept(video))
    )
    if seen is None:
        with disk_errors(work):
            make_folder(path.parent)
            with room(work) as folder:
                seen = _Seen(crop, scan, analyse(original, find_grain(media), folder / "proxy.mp4"))
        _save(path, seen)
    analysis = seen.analysis
    frames = len(analysis.frames)
    return Prepared(
        etag=etag,
        original=replace(original, frames=frames),
        full=replace(full, frames=frames),
        analysis=analysis,
        grain=shrunk_grain(analysis.grain, width / size[0]),
        display=video.display_size,
        crop=crop,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """All that takes reading the pictures."""

    crop: Crop | None
    scan: Scan
    analysis: Analysis


def _load(path: Path) -> _Seen | None:
    try:
        with np.load(BytesIO(path.read_bytes())) as kept:
            told = json.loads(str(kept["told"]))
            shots = tuple(Shot(*one) for one in told["shots"])
            crop = Crop(**told["crop"]) if told["crop"] else None
            return _Seen(crop, told["scan"], Analysis(shots, kept["frames"], told["grain"]))
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
        return None


def _save(path: Path, seen: _Seen) -> None:
    out = BytesIO()
    told = {
        "crop": asdict(seen.crop) if seen.crop else None,
        "scan": seen.scan,
        "shots": [(one.start, one.stop) for one in seen.analysis.shots],
        "grain": seen.analysis.grain,
    }
    np.savez_compressed(out, told=json.dumps(told), frames=seen.analysis.frames)
    with disk_errors(path):
        replace_file(path, out.getvalue())
