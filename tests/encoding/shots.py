"""A film of two shots, a still one and one that moves, and a goal for it that is quickly reached."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.media.clips import GRADIENT, ffmpeg

from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.rungs import Placing

GOAL = Goal(preset="ultrafast", heights=(90, 180), placing=Placing(most=3, step=12), longest_s=2)


def two_shots(path: Path) -> Path:
    """Two and a half seconds of 320x180 at 24 frames a second, in MP4; the cut is at one second."""
    path.write_bytes(_two_shots())
    return path


@cache
def _two_shots() -> bytes:
    # No pattern with hard edges for the second: while it moves, its edges look like fields.
    still = f"{GRADIENT}:size=320x180:rate=24:duration=1:speed=0.01"
    sources = (still, "mandelbrot=size=320x180:rate=24:end_pts=60")
    inputs = [part for one in sources for part in ("-f", "lavfi", "-i", one)]
    joined = "[1]trim=end_frame=36[moving];[0][moving]concat=n=2"
    with TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        ffmpeg(*inputs, "-filter_complex", joined, "-pix_fmt", "yuv420p", "-qp", 4, path)
        return path.read_bytes()
