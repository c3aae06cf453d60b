"""Small films made on the spot, with known cuts, sizes, rates and tracks."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from matinee.media.run import ffmpeg_program

GRADIENT = "gradients=c0=0x8040c0:c1=0x30c070:x0=10:y0=20:x1=300:y1=150"
"""Soft light that moves; left to choose, its generator makes another picture every time, seeded or not."""
_QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments: object) -> str:
    """Run FFmpeg; returns what it wrote to standard output."""
    command = [ffmpeg_program(), "-y", "-hide_banner", "-loglevel", "error", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def clip(
    path: Path,
    *,
    seconds: float = 4,
    size: str = "320x180",
    rate: object = 25,
    picture: str = "testsrc2",
    sounds: Sequence[str] = ("sine=440",),
    more: Sequence[object] = (),
) -> Path:
    """A film of moving test pictures, with one sound track for each generator in `sounds`."""
    path.write_bytes(
        _clip(
            path.suffix,
            f"{picture}{':' if '=' in picture else '='}size={size}:rate={rate}",
            seconds,
            tuple(sounds),
            tuple(more),
        )
    )
    return path


@cache
def _clip(suffix: str, picture: str, seconds: float, sounds: Sequence[str], more: Sequence[object]) -> bytes:
    """Made once for all tests, of which many want the same."""
    sources = [f"{one}:duration={seconds}" for one in (picture, *sounds)]
    inputs = [part for one in sources for part in ("-f", "lavfi", "-i", one)]
    maps = [part for i in range(len(sources)) for part in ("-map", i)]
    with TemporaryDirectory() as folder:
        path = Path(folder, "film").with_suffix(suffix)
        ffmpeg(*inputs, *maps, *_QUICK, "-c:a", "aac", *more, path)
        return path.read_bytes()


def scenes(path: Path, colours: Sequence[str], *, seconds: float = 1, size: str = "320x180", rate: int = 24) -> Path:
    """A film that shows each colour for so long: cuts at known times."""
    inputs: list[object] = []
    for colour in colours:
        inputs += ["-f", "lavfi", "-i", f"color={colour}:size={size}:rate={rate}:duration={seconds}"]
    joined = "".join(f"[{i}]" for i in range(len(colours))) + f"concat=n={len(colours)}[v]"
    ffmpeg(*inputs, "-filter_complex", joined, "-map", "[v]", *_QUICK, path)
    return path


def chaptered(
    source: Path, path: Path, chapters: Sequence[tuple[float, float, str]], more: Sequence[object] = ()
) -> Path:
    """The same film with chapters: when each begins, when it ends, and its title."""
    rows = [";FFMETADATA1"]
    for start, end, title in chapters:
        rows += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start * 1000:.0f}", f"END={end * 1000:.0f}"]
        rows += [f"title={title}"] if title else []
    listing = path.with_suffix(".chapters")
    listing.write_text("\n".join(rows) + "\n")
    ffmpeg("-i", source, "-f", "ffmetadata", "-i", listing, "-map", 0, "-map_chapters", 1, "-c", "copy", *more, path)
    return path


def fields(path: Path, scan: str, *, marked: bool = False, seconds: int = 4) -> Path:
    """A moving film whose pictures are ``progressive``, ``interlaced`` or ``telecined``, whether it says so or not.

    `whole_fields` are the pictures that the fields of the latter two were taken from.
    """
    rate = {"progressive": "25", "interlaced": "50", "telecined": "24000/1001"}[scan]
    made = {"progressive": "null", "interlaced": "tinterlace=interleave_top", "telecined": "telecine=pattern=23"}[scan]
    kind = ("-flags", "+ilme+ildct", "-x264opts", "tff=1") if marked else ()
    said = f"setfield={'tff' if marked else 'prog'}"
    _moving(path, rate, f"{made},{said}", seconds, *kind)
    return path


def whole_fields(path: Path, scan: str, *, seconds: int = 4) -> Path:
    """The film that `fields` took its fields from, a picture for each that should come out."""
    rate, kept = {"interlaced": ("50", "select=not(mod(n\\,2))")}.get(scan, ("24000/1001", "null"))
    _moving(path, "25" if scan == "progressive" else rate, kept, seconds)
    return path


def _moving(path: Path, rate: str, filters: str, seconds: int, *more: object) -> None:
    """Something large that moves steadily, as smooth as what cameras see."""
    moving = "crop=320:180:x='40+30*sin(n/7)':y='20+15*cos(n/9)',gblur=1.5,format=yuv420p"
    source = f"mandelbrot=size=480x270:rate={rate}:start_scale=1:end_scale=1"
    how = ("-vf", f"{moving},{filters}", "-t", seconds, *_QUICK, "-qp", 10, "-fps_mode", "passthrough")
    ffmpeg("-f", "lavfi", "-i", source, *how, *more, path)
