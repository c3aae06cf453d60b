"""Planning a film: try its units, and keep what the search comes to.

Planning the same again, or going on after a kill, finds the trials that were made. Those of one round are worked on
side by side by the `compute` port, one unit a task.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from matinee.base.compute import Compute
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.plan import Plan, PlannedRung
from matinee.encoding.plans.preparing import Prepared
from matinee.encoding.plans.search import Search, Target
from matinee.encoding.plans.trying import Trying
from matinee.media.quality import Pooling

_CORRECTIONS = 8
_MISS = 0.25
"""Points of quality by which the one rung may miss what was asked for."""


def plan(
    film: Prepared, goal: Goal, priors: Priors, work: Path, compute: Compute, *, paid: set[str] | None = None
) -> Plan:
    """The rungs of a film, each unit of each encoded and measured.

    Where several plans are made, `paid` has them count a trial that they share once: what it holds the key of is not
    counted as spent, and what is counted is added to it.
    Interrupted, it goes on where it was when it is asked again. Raises `Unavailable` where the disk is full, and what
    `matinee.media.run.ffmpeg` raises.
    """
    trying = Trying(film, goal, work, compute)
    search = Search(
        trying.known,
        trying.space,
        priors,
        trying,
        pooling=trying.pooling,
        sharing=goal.sharing,
        mixed=goal.mixed,
        peak=goal.peak,
    )
    search.probe(goal.probes)
    seconds = float(film.original.frames / film.original.rate)
    bits = (goal.kbps or float("inf")) * seconds * 1000
    if goal.quality is not None:
        rungs = [_of_quality(search, trying, goal.pooling, goal.quality, bits)]
    elif goal.kbps is not None:
        rungs = [trying.rung(search.reach([Target(bits=bits)])[0])]
    else:
        steps = search.rungs(goal.qualities) if goal.qualities else search.ladder(goal.placing, seconds)
        rungs = [trying.rung(step) for step in steps]
    trying.deliver(rungs)
    paid = set() if paid is None else paid
    spent = trying.spent(paid)
    paid.update(trying.tried)
    return Plan(
        source=str(film.original.path),
        etag=film.etag,
        rate=film.original.rate,
        units=tuple(trying.units),
        pooling=goal.pooling,
        rungs=tuple(rungs),
        spent=spent,
    )


def _of_quality(search: Search, trying: Trying, pooling: Pooling, wanted: float, bits: float) -> PlannedRung:
    """The one rung that has the quality `wanted`, or what `bits` allow.

    The search goes by some of the frames, and for a percentile by the harmonic mean: what it has to look for so that
    all frames come to what is wanted is found here.
    """
    found: dict[float, PlannedRung] = {}
    asked = wanted
    for _ in range(_CORRECTIONS):
        rung = trying.measured(search.reach([Target(quality=asked, bits=bits)])[0])
        found[asked] = rung
        if abs(wanted - rung.quality[pooling]) <= _MISS:
            break
        asked = _next(wanted, {one: rung.quality[pooling] for one, rung in found.items()})
    return min(found.values(), key=lambda one: abs(wanted - one.quality[pooling]))


def _next(wanted: float, got: Mapping[float, float]) -> float:
    """What to ask for after what was got: between the two that lie nearest on either side, or beyond the nearest."""
    below = max((one for one in got if got[one] <= wanted), default=None)
    above = min((one for one in got if got[one] > wanted), default=None)
    if below is None or above is None:
        nearest = min(got, key=lambda one: abs(got[one] - wanted))
        return float(np.clip(nearest + wanted - got[nearest], 1.0, 100.0))
    return float(np.interp(wanted, [got[below], got[above]], [below, above]))
