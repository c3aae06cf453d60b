"""What a search costs beside trying everything, and what it loses; and how its cost grows with the film."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.encoding.clips import etag, films
from benchmarks.encoding.grid import HEIGHTS, known
from benchmarks.encoding.ways import WORK, without
from benchmarks.report import Bar, Row, at_most
from matinee.base.compute.local import LocalCompute
from matinee.encoding.curves import bd_rate
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import Prepared, prepare
from matinee.encoding.plans.search import Search, Step
from matinee.encoding.plans.trying import Trying
from matinee.media import run

FILMS = ("bikes_640x272_10s", "chaplin_bw_360p_10s", "gotland_sailing_360p24_10s", "sintel_dialogue_204p_52s")
CRFS = tuple(float(one) for one in range(18, 47, 2))
LONG = "bbb_720p25_118s.mp4"
SECONDS = (5, 10, 20, 40, 80)
_PLACE = WORK / "effort"
"""Trials of its own: what others measured less closely took less time."""


def measure(data: Path) -> Iterator[Row]:
    """Processor seconds and BD-rates against a grid of every second rate factor; and by length."""
    compute = LocalCompute(2)
    units = known("h264", data / "clips", WORK, compute)
    paths = films(data / "clips", WORK / "films")
    for name in FILMS:
        film = prepare(paths[name], etag(paths[name]), _PLACE, HEIGHTS)
        for mixed in (False, True):
            yield from _beside(name, film, without(units, name), compute, mixed=mixed)
    yield from _by_length(data / "clips" / LONG, compute)
    compute.close()


def bars(rows: Iterable[Row]) -> list[Bar]:
    """Means over the films, and the growth from the shortest to the longest."""
    found = list(rows)

    def mean(metric: str) -> float:
        return float(np.mean([one.value for one in found if one.metric == metric]))

    a_second = {one.data: one.value for one in found if one.metric == "CPU a second of film"}
    first, last = a_second[f"{SECONDS[1]} s"], a_second[f"{SECONDS[-1]} s"]
    return [
        at_most("Processor time of the search, of the exhaustive grid's", mean("share of the grid's CPU"), 35, "%"),
        at_most("Bits that the search loses against the grid", mean("BD-rate against the grid"), 1, "%"),
        at_most(f"Processor time a second of film, {SECONDS[-1]} s against {SECONDS[1]} s", last / first, 1.1, "times"),
    ]


def _beside(name: str, film: Prepared, priors: Priors, compute: LocalCompute, *, mixed: bool) -> Iterator[Row]:
    goal = Goal(heights=HEIGHTS, every=1, mixed=mixed)
    trying = Trying(film, goal, _PLACE, compute)
    grid = Search(trying.known, trying.space, priors, trying, mixed=mixed)
    grid.sweep(CRFS)
    spent, best = trying.spent(), grid.measured()
    found = plan(film, goal, priors, _PLACE, compute)
    rungs = [(one.kbps, one.quality["mean"]) for one in found.rungs]
    seconds = float(film.original.frames / film.original.rate)
    loss = bd_rate(_curve(best, seconds, rungs), ([kbps for kbps, _ in rungs], [vmaf for _, vmaf in rungs]))
    took = found.spent.encode_cpu_s + found.spent.measure_cpu_s
    share = 100 * took / (spent.encode_cpu_s + spent.measure_cpu_s)
    system = "search, sizes by shot" if mixed else "search"
    yield Row(system=system, data=name, metric="share of the grid's CPU", value=round(share, 1), unit="%")
    yield Row(system=system, data=name, metric="trials", value=found.spent.trials)
    yield Row(system="grid", data=name, metric="trials", value=len(trying.known) * len(CRFS) * len(trying.space.widths))
    yield Row(system=system, data=name, metric="BD-rate against the grid", value=round(loss, 2), unit="%")
    print(name, system, round(share, 1), round(loss, 2), flush=True)


def _curve(
    steps: Sequence[Step], seconds: float, rungs: Sequence[tuple[float, float]]
) -> tuple[list[float], list[float]]:
    """The grid's points over the qualities of the rungs."""
    low, high = rungs[0][1] - 1, rungs[-1][1] + 1
    kept = [one for one in steps if low <= one.quality <= high]
    return [one.bits / seconds / 1000 for one in kept], [one.quality for one in kept]


def _by_length(source: Path, compute: LocalCompute) -> Iterator[Row]:
    goal = Goal(heights=(90, 144, 180), preset="veryfast")
    for seconds in SECONDS:
        film = _PLACE / f"long-{seconds}.mkv"
        if not film.exists():
            scaled = ["-vf", "scale=320:180", "-an", "-sn", "-c:v", "ffv1"]
            run.ffmpeg(["-y", "-t", str(seconds), "-i", f"file:{source}", *scaled, f"file:{film}"], about=film.name)
        began = time.process_time()
        prepared = prepare(film, etag(film), _PLACE, goal.heights)
        found = plan(prepared, goal, Priors.of_codec("h264"), _PLACE, compute)
        own = time.process_time() - began
        took = found.spent.encode_cpu_s + found.spent.measure_cpu_s
        data, length = f"{seconds} s", float(prepared.original.frames / prepared.original.rate)
        yield Row(system="matinee", data=data, metric="units", value=len(found.units))
        yield Row(system="matinee", data=data, metric="CPU a second of film", value=round(took / length, 2), unit="s")
        yield Row(system="matinee", data=data, metric="CPU of the search itself", value=round(own, 1), unit="s")
        print(data, len(found.units), round(took / length, 2), round(own, 1), flush=True)
