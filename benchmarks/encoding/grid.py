"""The grid: units of every film tried at every size with rate factors from low to high, as priors are learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.encoding.clips import JOINED, etag, films
from benchmarks.encoding.learn import Known
from matinee.base.compute import Compute
from matinee.encoding.codecs import CodecName
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Way
from matinee.encoding.plans.preparing import prepare
from matinee.encoding.plans.trying import Trying

HEIGHTS = (144, 216, 288, 360)
CRFS: Mapping[CodecName, tuple[float, ...]] = {
    "h264": (18, 22, 26, 30, 34, 38, 42, 46),
    "hevc": (18, 23, 28, 33, 38, 44),
    "av1": (22, 30, 38, 46, 54, 62),
}
EACH: Mapping[CodecName, int] = {"h264": 1, "hevc": 2, "av1": 2}
"""Of so many units one is tried: encoders of later codecs take their time."""


def known(codec: CodecName, clips: Path, work: Path, compute: Compute) -> list[Known]:
    """What came of the whole grid of a codec, film by film; found where it was tried before."""
    goal, found = Goal(codec=codec, heights=HEIGHTS, every=1 if codec == "h264" else Goal().every), list[Known]()
    for name, path in films(clips, work / "films").items():
        if name == JOINED:
            continue
        trying = Trying(prepare(path, etag(path), work, HEIGHTS), goal, work, compute)
        ways = [Way(size, crf) for size in range(len(trying.space.widths)) for crf in CRFS[codec]]
        numbers = range(0, len(trying.units), EACH[codec])
        outcomes = iter(trying([(i, way) for i in numbers for way in ways]))
        for i in numbers:
            unit = trying.known[i]
            of_unit = {way: next(outcomes) for way in ways}
            found.append(
                Known(film=name, frames=unit.frames, measures=unit.measures, space=trying.space, outcomes=of_unit)
            )
    return found
