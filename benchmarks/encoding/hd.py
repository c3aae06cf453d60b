"""Clips in their own 1080 lines, where the fixed ladder is as it is written and not drawn smaller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.encoding.clips import etag
from benchmarks.encoding.grid import known
from benchmarks.encoding.ways import CODECS, WORK, without
from benchmarks.report import Bar, Row, at_least
from matinee.base.compute.local import LocalCompute
from matinee.encoding.plans.comparing import compare
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.preparing import prepare

CLIPS = ("bbb_1080p30_10s", "cta_wave_tos_1080p30_8s")
WAYS = ("fixed", "title", "mixed", "mixed-av1")
GOAL = Goal()


def measure(data: Path) -> Iterator[Row]:
    """BD-rates against the fixed ladder, and processor seconds of each way."""
    compute = LocalCompute(2)
    units = {codec: known(codec, data / "clips", WORK, compute) for codec in CODECS}
    for name in CLIPS:
        path, told = data / "clips" / f"{name}.mp4", f"{name}, 1080 lines"
        film = prepare(path, etag(path), WORK, GOAL.heights)
        priors = {codec: without(units[codec], name) for codec in CODECS}
        found = compare(film, GOAL, WAYS, WORK, compute, priors=priors)
        for way in WAYS[1:]:
            saving = found.saving("fixed", way)
            assert saving is not None, f"{way} and the fixed ladder of {name} have no quality in common"
            print(name, way, round(saving, 2), flush=True)
            yield Row(system=way, data=told, metric="BD-rate against fixed", value=round(saving, 2), unit="%")
        for one in found.ways.values():
            per_s = one.cpu_s / found.duration_s
            yield Row(system=one.name, data=told, metric="CPU a second of film", value=round(per_s, 1), unit="s")
    compute.close()


def bars(rows: Iterable[Row]) -> list[Bar]:
    """What the ways have to save."""
    found = [one for one in rows if one.unit == "%"]
    least = {way: min(-one.value for one in found if one.system == way) for way in ("mixed", "mixed-av1")}
    return [
        at_least("Against the fixed ladder at 1080 lines, least saving", least["mixed"], 10, "%"),
        at_least("AV1 against the fixed ladder of H.264 at 1080 lines, least saving", least["mixed-av1"], 45, "%"),
    ]
