"""The fixed ladder: the same sizes and bitrates for every film, as services begin with, to be compared with.

Rungs are those of Apple's HLS Authoring Specification for H.264 at 1080p. For a film of another size the whole ladder
is drawn smaller, with as many bits for a pixel. Each rung is encoded in two passes, the best that encoders do for a
bitrate, with a closed group of pictures every few seconds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from math import ceil
from pathlib import Path

import numpy as np

from matinee.base.compute import Compute
from matinee.base.disk import disk_errors, make_folder, replace_file
from matinee.encoding.codecs import CODECS
from matinee.encoding.ladder import fitted
from matinee.encoding.plans.originals import Original, judged
from matinee.encoding.plans.preparing import Prepared
from matinee.encoding.plans.trials import digest_of
from matinee.media import run
from matinee.media.containers import input_options
from matinee.media.packets import packets
from matinee.media.quality import Scores

_APPLE = (
    (234, 145),
    (360, 365),
    (432, 730),
    (432, 1100),
    (540, 2000),
    (720, 3000),
    (720, 4500),
    (1080, 6000),
    (1080, 7800),
)
"""Heights of 16:9 boxes, and kbps."""
_LEAST_KBPS = 10
"""Below which no two passes of x264 come out."""
_MAKE = 1
"""Goes up when rungs come to be made otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedRung:
    """A size and a bitrate."""

    width: int
    height: int
    kbps: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedEncode:
    """What a rung came to."""

    rung: FixedRung
    file: Path
    kbps: float
    """That it took, of the compressed frames alone."""
    scores: Scores
    encode_cpu_s: float
    measure_cpu_s: float


def fixed_rungs(size: tuple[int, int]) -> list[FixedRung]:
    """The rungs for a film of this size, lowest first.

    >>> [(rung.width, rung.height, rung.kbps) for rung in fixed_rungs((640, 360))][::2]
    [(138, 78, 16), (256, 144, 81), (320, 180, 222), (426, 240, 500), (640, 360, 867)]
    """
    across, down = max(size), min(size)
    scale = max(Fraction(down, 1080), Fraction(across, 1920))
    found = []
    for height, kbps in _APPLE:
        width, lines = fitted(size, round(height * scale))
        if kbps * scale**2 >= _LEAST_KBPS:
            found.append(FixedRung(width=width, height=lines, kbps=round(kbps * scale**2)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    original: Original
    rung: FixedRung
    preset: str
    gop: int
    every: int
    kept: Path


def encode_fixed(
    film: Prepared, work: Path, compute: Compute, *, preset: str = "", every: int = 1, group_s: float = 4.0
) -> list[FixedEncode]:
    """Every rung of the fixed ladder in H.264, encoded and measured; found where that was done before.

    Raises `Unavailable` where the disk is full, and what `matinee.media.run.ffmpeg` raises.
    """
    original, preset = film.original, preset or CODECS["h264"].preset
    gop = ceil(group_s * original.rate)
    folder = work / "fixed"
    with disk_errors(folder):
        make_folder(folder)
    tasks = []
    for rung in fixed_rungs((original.width, original.height)):
        name = digest_of(_MAKE, film.etag, original.filters, rung, preset, gop, every)
        tasks.append(_Task(original=original, rung=rung, preset=preset, gop=gop, every=every, kept=folder / name))
    missing = [one for one in tasks if _load(one) is None]
    for _ in compute.map(_make, missing, f"encoding the fixed ladder of {original.path.name}" if missing else ""):
        pass
    return list(_loaded(tasks))


def _loaded(tasks: Sequence[_Task]) -> Iterator[FixedEncode]:
    for task in tasks:
        found = _load(task)
        assert found is not None, "it has just been made"
        yield found


def _load(task: _Task) -> FixedEncode | None:
    file = task.kept.with_suffix(".mp4")
    try:
        with np.load(task.kept.with_suffix(".npz")) as kept:
            if file.stat().st_size != int(kept["file_bytes"]):
                return None
            told = {name: float(kept[name]) for name in ("kbps", "encode_cpu_s", "measure_cpu_s")}
            return FixedEncode(rung=task.rung, file=file, scores=kept["scores"], **told)
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _make(task: _Task) -> None:
    """Encode and measure one rung, in a process of its own; the table comes last, so that what it says is there."""
    file, original = task.kept.with_suffix(".mp4"), task.original
    with disk_errors(file), tempfile.TemporaryDirectory(dir=file.parent) as folder:
        draft, began = Path(folder) / "rung.mp4", run.spent_s()
        for number in (1, 2):
            run.ffmpeg(_arguments(task, Path(folder), number, draft), about=str(original.path))
        encoded = run.spent_s()
        scores = judged(original, draft, every=task.every)
        bits = sum(one.size_bytes for one in packets(draft, 0)) * 8
        out = BytesIO()
        np.savez_compressed(
            out,
            scores=scores,
            kbps=bits / float(original.frames / original.rate) / 1000,
            file_bytes=draft.stat().st_size,
            encode_cpu_s=encoded - began,
            measure_cpu_s=run.spent_s() - encoded,
        )
        draft.replace(file)
        replace_file(task.kept.with_suffix(".npz"), out.getvalue())


def _arguments(task: _Task, folder: Path, number: int, out: Path) -> list[str]:
    original, rung = task.original, task.rung
    graph = f"[0:{original.track}]{original.filters},scale={rung.width}:{rung.height}:flags=lanczos,format=yuv420p"
    return [
        *("-y", *input_options(original.path), "-filter_complex", graph, "-frames:v", str(original.frames)),
        *("-c:v", "libx264", "-preset", task.preset, "-profile:v", "high", "-b:v", f"{rung.kbps}k", "-threads", "1"),
        *("-x264-params", f"keyint={task.gop}:open-gop=0", "-pass", str(number)),
        *("-passlogfile", str(folder / "pass"), "-an", "-map_metadata", "-1", "-fflags", "+bitexact"),
        *(("-f", "null", "-") if number == 1 else ("-f", "mp4", f"file:{out}")),
    ]
