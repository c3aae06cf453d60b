"""The films of the benchmark: the real clips at most so wide and so long, and one title joined from eight of them.

They are kept without loss, so that what is measured is what encoders do to these pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from matinee.media import run
from matinee.media.containers import input_options

WIDTH = 640
SECONDS = 20
JOINED = "eight clips joined"
_PARTS: Mapping[str, int] = {
    "bbb_720p25_118s": 20,
    "tears_of_steel_battle_800x332_70s": 30,
    "gotland_sailing_360p24_10s": 2,
    "sintel_dialogue_204p_52s": 12,
    "motorway_720p25_23s": 5,
    "chaplin_bw_360p_10s": 2,
    "bikes_640x272_10s": 2,
    "intel_car_768x432_30s": 8,
}
"""Of which clips, and from which second, the joined title has three seconds each."""
_PART_S = 3


def films(clips: Path, work: Path, width: int = WIDTH, seconds: int = SECONDS) -> dict[str, Path]:
    """Every film by name, the joined title last; made where they are not in `work` yet."""
    work.mkdir(parents=True, exist_ok=True)
    sources = {path.stem: path for path in sorted(clips.iterdir()) if path.suffix in {".mp4", ".webm"}}
    made = {name: work / f"{name}.mkv" for name in (*sources, JOINED)}
    for name, source in sources.items():
        if not made[name].exists():
            kept = f"scale='min({width},iw)':-2:flags=lanczos"
            _make(made[name], [*("-t", str(seconds)), *input_options(source), "-vf", kept])
    if not made[JOINED].exists():
        _join(made[JOINED], sources, width)
    return made


def parts_of(name: str) -> set[str]:
    """The clips that a film shows."""
    return set(_PARTS) if name == JOINED else {name}


def _join(out: Path, sources: Mapping[str, Path], width: int) -> None:
    inputs = [one for name, at in _PARTS.items() for one in ("-ss", str(at), "-i", f"file:{sources[name]}")]
    box = f"{width}:{width * 9 // 16}"
    filled = f"scale={box}:force_original_aspect_ratio=increase:flags=lanczos,crop={box},setsar=1,fps=24"
    branches = [f"[{i}:v]{filled},trim=end_frame={_PART_S * 24},setpts=N/24/TB[v{i}]" for i in range(len(_PARTS))]
    labels = "".join(f"[v{i}]" for i in range(len(_PARTS)))
    graph = ";".join([*branches, f"{labels}concat=n={len(_PARTS)}"])
    _make(out, [*inputs, "-filter_complex", graph])


def _make(out: Path, arguments: list[str]) -> None:
    draft = out.with_suffix(".draft.mkv")
    options = ["-an", "-sn", "-pix_fmt", "yuv420p", "-c:v", "ffv1", "-map_metadata", "-1", f"file:{draft}"]
    run.ffmpeg(["-y", *arguments, *options], about=out.name)
    draft.replace(out)


def etag(film: Path) -> str:
    """Names a film's content."""
    with film.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
