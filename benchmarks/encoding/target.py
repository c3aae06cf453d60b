"""A quality that is asked for, and what the finished file has: every frame of it is measured once more."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.encoding.clips import JOINED, etag, films
from benchmarks.encoding.grid import HEIGHTS, known
from benchmarks.encoding.ways import GOAL, WORK, without
from benchmarks.report import Bar, Row, at_most
from matinee.base.compute.local import LocalCompute
from matinee.encoding.plans.assembly import assemble
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.originals import judged
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import Prepared, prepare
from matinee.encoding.plans.trials import Cache
from matinee.media.quality import Pooling, pooled

ASKED: tuple[tuple[float, Pooling], ...] = ((90, "mean"), (75, "mean"))
MORE: tuple[tuple[float, Pooling], ...] = ((85, "harmonic"), (80, "p5"))
"""Of the joined title as well."""


def measure(data: Path) -> Iterator[Row]:
    """How far each finished file is from what was asked for, and from what its trials said."""
    compute = LocalCompute(2)
    units = known("h264", data / "clips", WORK, compute)
    for name, path in films(data / "clips", WORK / "films").items():
        film, priors = prepare(path, etag(path), WORK, HEIGHTS), without(units, name)
        for asked, pooling in (*ASKED, *(MORE if name == JOINED else ())):
            told, final = _made(film, asked, pooling, priors, compute)
            metric = f"VMAF, {pooling}, {asked:g} asked for"
            yield Row(system="trials", data=name, metric=metric, value=round(told, 2))
            yield Row(system="finished file", data=name, metric=metric, value=round(final, 2))
            yield Row(system="finished file", data=name, metric=f"off, {pooling}, {asked:g}", value=abs(final - asked))
            print(name, asked, pooling, round(told, 2), round(final, 2), flush=True)
    compute.close()


def _made(film: Prepared, asked: float, pooling: Pooling, priors: Priors, compute: LocalCompute) -> tuple[float, float]:
    """Quality by the trials and of the finished file."""
    found = plan(film, replace(GOAL, quality=asked, pooling=pooling), priors, WORK, compute)
    (rung,) = found.rungs
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        file = Path(folder) / "film.mp4"
        assemble([Cache(WORK / "trials").encode(key) for key in rung.trials], file, film.original.aspect)
        return rung.quality[pooling], pooled(judged(film.original, file), pooling)


def bars(rows: Iterable[Row]) -> list[Bar]:
    """How far off the worst is."""
    off = [one.value for one in rows if one.metric.startswith("off")]
    return [at_most("The finished file's distance to the quality that was asked for, worst", max(off), 0.5, "VMAF")]
