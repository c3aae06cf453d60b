"""Analysis: what a film is like, found in one reading: shots, black bars, grain, and how hard each frame is to encode.

How hard is told by the film itself: it is encoded once, small and quickly, and the bits of each frame are kept beside
how much the picture holds (spatial information) and how much it changes (temporal information, both after ITU-T P.910).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.encoding.plans.originals import Crop, Original, Scan
from matinee.media import run
from matinee.media.containers import input_options
from matinee.media.frames import Picture, evenly, frames_at
from matinee.media.packets import packets
from matinee.media.pictures import luma
from matinee.media.records import Media
from matinee.media.shots import Detector, Shot

MEASURES = ("proxy bits", "spatial", "temporal", "light")
_WIDTH = 256
"""Of the small pictures."""
_BAR = 26
"""Of 255: bars are darker than this everywhere, in all of the film."""
_LEAST_BAR = 0.02
_SAMPLES = 24
_RUNS, _RUN = 8, 30
"""Places that are looked at for fields, and pictures at each."""
_COMBED = 0.2
"""Share of the telling pictures that must be combed for a film to be interlaced."""
_AGAIN = 0.1
"""Repeated fields of one parity for each combed picture, in a telecined film."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What was found, by frame."""

    shots: tuple[Shot, ...]
    frames: NDArray[np.float32]
    """(frames, `MEASURES`): bits of the small encode; spread of the edges, of the change, and mean of brightness."""
    grain: float
    """Standard deviation of what flickers in plain places, in steps of 8 bits."""

    def measures(self, unit: Shot) -> NDArray[np.float64]:
        """What is known of a unit before any trial: logarithms of bits, detail and change a frame, and brightness."""
        bits, spatial, temporal, light = self.frames[unit.start : unit.stop].astype(float).mean(axis=0)
        return np.array([np.log2(bits + 8), np.log2(spatial + 1), np.log2(temporal + 0.1), light / 100])


def analyse(original: Original, grain: float, proxy: Path, stop: threading.Event | None = None) -> Analysis:
    """Read the film from its beginning to its end; `proxy` is where its small encode is written.

    Raises what `matinee.media.run.ffmpeg` raises.
    """
    detector, seen, before = Detector(original.rate), list[tuple[float, float, float]](), None
    for picture in _small(original, proxy, stop):
        detector.feed(picture)
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        seen.append((_spatial(grey), _temporal(grey, before), float(grey.mean())))
        before = grey
    bits = _bits(proxy, len(seen))
    frames = np.concatenate([bits[:, None], np.array(seen, np.float32).reshape(-1, 3)], axis=1).astype(np.float32)
    return Analysis(tuple(detector.shots()), frames, grain)


def _small(original: Original, proxy: Path, stop: threading.Event | None) -> Iterator[Picture]:
    width = min(_WIDTH, original.width)
    height = max(2, 2 * round(original.height * width / original.width / 2))
    graph = f"[0:{original.track}]{original.filters},scale={width}:{height}:flags=area,split[seen][kept]"
    arguments = [
        *("-y", *input_options(original.path), "-filter_complex", f"{graph};[seen]format=bgr24[shown]"),
        *("-map", "[shown]", "-f", "rawvideo", "-fps_mode", "passthrough", "pipe:1", "-map", "[kept]"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "26", "-pix_fmt", "yuv420p", "-threads", "1"),
        *("-fps_mode", "passthrough", "-f", "mp4", f"file:{proxy}"),
    ]
    for data in run.pictures(arguments, 3 * width * height, about=str(original.path), stop=stop):
        yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


def _bits(proxy: Path, frames: int) -> NDArray[np.float32]:
    """Bits of each frame of the small encode, in the order in which they are shown."""
    sizes = [one.size_bytes for one in sorted(packets(proxy, 0), key=lambda one: one.time)]
    return np.array(sizes[:frames], np.float32) * 8


def _spatial(grey: cv2.typing.MatLike) -> float:
    # In whole numbers: the last bits of OpenCV's own magnitude depend on where in memory a picture lies.
    across, down = (cv2.Sobel(grey, cv2.CV_16S, dx, 1 - dx).astype(np.int32) for dx in (1, 0))
    return float(np.sqrt(across**2 + down**2).std())


def _temporal(grey: cv2.typing.MatLike, before: cv2.typing.MatLike | None) -> float:
    return 0.0 if before is None else float(cv2.subtract(grey, before, dtype=cv2.CV_16S).std())


def find_bars(media: Media) -> Crop | None:
    """What lies between black bars that stand through all of the film; None where there are none worth cutting off."""
    bright = None
    for picture in frames_at(media.path, evenly(media.video.duration, _SAMPLES)):
        light = picture.max(axis=2)  # of the brightest colour: deep blue has hardly any luma, and is no bar
        bright = light if bright is None else np.maximum(bright, light)
    if bright is None:
        return None
    rows, columns = (np.flatnonzero(bright.max(axis=axis) > _BAR) for axis in (1, 0))
    if not len(rows):
        return None
    height, width = bright.shape
    top, bottom = _even(int(rows[0]), int(rows[-1]) + 1, height)
    left, right = _even(int(columns[0]), int(columns[-1]) + 1, width)
    if (bottom - top) * (right - left) > (1 - _LEAST_BAR) * height * width:
        return None
    return Crop(right - left, bottom - top, left, top)


def find_grain(media: Media) -> float:
    """How strong the grain is: what differs between neighbouring frames in plain and quiet places (steps of 8 bits).

    The operator that ignores edges is that of Immerkær ("Fast noise variance estimation", 1996); of every picture the
    quietest half counts, and of the film the median.
    """
    step = 1 / media.video.frame_rate
    times = [one for moment in evenly(media.video.duration, _SAMPLES) for one in (moment, moment + step)]
    lights = [luma(one) * 255 for one in frames_at(media.path, times)]
    found = [_flicker(after - before) for before, after in zip(lights[::2], lights[1::2], strict=False)]
    return float(np.median(found)) if found else 0.0


def find_scan(media: Media) -> Scan:
    """Whether the pictures are progressive, interlaced or telecined, as they look and whatever the file says of them.

    Runs of pictures all over the film are shown to FFmpeg's idet. Where nothing moves, the file's word stands.
    """
    seen = Counter[str]()
    for moment in evenly(media.video.duration, _RUNS):
        _look(media, moment, seen)
    # Lines in the picture itself now and then look like fields, but of either order.
    combed = abs(seen["single:tff"] - seen["single:bff"])
    telling = seen["single:tff"] + seen["single:bff"] + seen["single:progressive"]
    if not telling:
        return "interlaced" if media.video.interlaced else "progressive"
    if combed < _COMBED * telling:
        return "progressive"
    # Of a film that was brought from 24 to 30 pictures a second, two fields in ten come twice: one of them on top.
    again = min(seen["repeated:top"], seen["repeated:bottom"])
    is_thirty = Fraction(29) < media.video.frame_rate < Fraction(31)
    return "telecined" if is_thirty and again > _AGAIN * combed else "interlaced"


def _look(media: Media, moment: Fraction, seen: Counter[str]) -> None:
    """Count what idet says of a run of pictures that begins at a keyframe near this moment."""
    for line in _idet(media, moment):
        if found := re.search(r"lavfi\.idet\.(single|repeated)\.current_frame=(\w+)", line):
            seen[":".join(found.groups())] += 1


def _idet(media: Media, moment: Fraction) -> list[str]:
    lines: list[str] = []
    arguments = [
        *(
            "-noaccurate_seek",
            "-ss",
            f"{float(moment):.3f}",
            *input_options(media.path),
            "-map",
            f"0:{media.video.index}",
        ),
        *("-frames:v", str(_RUN), "-vf", "idet,metadata=mode=print:file=-", "-fps_mode", "passthrough"),
        *("-f", "null", "-"),
    ]
    with suppress(InvalidInput):  # a damaged place tells nothing
        run.ffmpeg(arguments, about=str(media.path), line=lines.append)
    return lines


_PLAIN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def _flicker(change: NDArray[np.float32], block: int = 16) -> float:
    """Standard deviation of the noise of one picture, from the difference of two."""
    high = np.abs(cv2.filter2D(change, -1, _PLAIN))[1:-1, 1:-1]
    height, width = (side // block * block for side in high.shape)
    if not (height and width):
        return 0.0
    blocks = high[:height, :width].reshape(height // block, block, width // block, block).mean(axis=(1, 3))
    return float(np.median(np.sort(blocks.ravel())[: blocks.size // 2 + 1]) * np.sqrt(np.pi / 2) / 6 / np.sqrt(2))


def _even(low: int, high: int, whole: int) -> tuple[int, int]:
    """The smallest even span around `low` to `high`."""
    low -= low % 2
    return low, min(high + (high - low) % 2, whole - (whole - low) % 2)
