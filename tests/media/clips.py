"""Small films made on the spot, with known cuts, sizes, rates and tracks."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from matinee.media.run import ffmpeg_program

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
    inputs = [
        "-f",
        "lavfi",
        "-i",
        f"{picture}{':' if '=' in picture else '='}size={size}:rate={rate}:duration={seconds}",
    ]
    for sound in sounds:
        inputs += ["-f", "lavfi", "-i", f"{sound}:duration={seconds}"]
    maps = [part for i in range(1 + len(sounds)) for part in ("-map", i)]
    ffmpeg(*inputs, *maps, *_QUICK, "-c:a", "aac", *more, path)
    return path


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
