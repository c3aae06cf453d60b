"""Comparison of ways to encode one film: how many bits each takes for the same quality, all encoded and measured.

A way is a name: ``fixed`` (the ladder that every film gets), ``title`` (one rate factor for the whole film at each
size: the hull of the title), ``equal`` (the same quality in every shot), ``shots`` (constant slope over the shots, one
size on a rung), ``mixed`` (constant slope, the size that suits each shot). All but the first may name a codec, as
``mixed-av1``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from matinee.base.compute import Compute
from matinee.base.errors import InvalidInput
from matinee.encoding.codecs import CODECS, CodecName
from matinee.encoding.curves import bd_rate
from matinee.encoding.plans.fixed import FixedEncode, encode_fixed
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.plan import Plan, PlannedRung
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import Prepared
from matinee.encoding.plans.search import Sharing
from matinee.encoding.plans.trials import Cache
from matinee.media.quality import Pooling, Scores, pooled
from matinee.media.shots import Shot

FIXED = "fixed"
WAYS = (FIXED, "title", "equal", "shots", "mixed")
_SEEN_S = 0.5
"""What lasts shorter is hardly seen while a film plays."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """One rung that a way came to."""

    codec: CodecName
    width: int
    height: int
    kbps: float
    scores: Scores
    """VMAF of frames, of which every so many were looked at."""
    unit_kbps: tuple[float, ...] = ()
    """Of every unit, where the way has units."""
    files: tuple[Path, ...] = ()
    """One encode, or those of all units in order."""
    head: Path | None = None
    """The largest of them, where units have different sizes."""

    def quality(self, pooling: Pooling) -> float:
        """VMAF of the whole."""
        return pooled(self.scores, pooling)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """What a way came to: rungs, lowest first, and what it took."""

    name: str
    rungs: tuple[Encoded, ...]
    cpu_s: float
    """Of encodes and measurements at the qualities of all ways, whether they were made now or found."""
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Ways beside each other."""

    source: str
    duration_s: float
    width: int
    """Of the original, whose pixels are square."""
    height: int
    aspect: Fraction
    """Of the picture on the screen, width to height."""
    units: tuple[Shot, ...]
    """None where no way has any."""
    rate: float
    every: int
    pooling: Pooling
    ways: Mapping[str, Way]

    def saving(self, anchor: str, test: str) -> float | None:
        """BD-rate in percent: how many more bits `test` takes than `anchor`; None where no quality is in both."""
        curves = [
            ([one.kbps for one in way.rungs], [one.quality(self.pooling) for one in way.rungs])
            for way in (self.ways[anchor], self.ways[test])
        ]
        try:
            return bd_rate(*curves)
        except InvalidInput:
            return None

    def pair(self, anchor: str, test: str) -> tuple[Encoded, Encoded]:
        """The two rungs, one of each way, whose bitrates are most alike; of equals those where the eye sees most."""
        pairs = [(a, b) for a in self.ways[anchor].rungs for b in self.ways[test].rungs]
        return min(pairs, key=lambda both: _apart(both[0], both[1], self.pooling))

    def most_apart_s(self, one: Encoded, other: Encoded) -> float:
        """Where the quality of two rungs differs most, as half a second of it tells: the time of that frame."""
        span = max(1, round(_SEEN_S * self.rate))
        apart = np.convolve(self.over_time(one) - self.over_time(other), np.ones(span) / span, mode="same")
        return float(np.argmax(np.abs(apart))) / self.rate

    def over_time(self, one: Encoded) -> Scores:
        """VMAF of every frame of a rung; of those that were not looked at, in between what was."""
        count = round(self.duration_s * self.rate)
        # Units are looked at one by one, each from its first frame: that one of odd length has its last one too.
        parts = self.units if one.unit_kbps else (Shot(0, count),)
        looked_at = np.concatenate([np.arange(part.start, part.stop, self.every) for part in parts])
        return np.interp(np.arange(count), looked_at, one.scores)

    def told(self) -> dict[str, Any]:
        """The comparison as JSON holds it."""
        anchor = next(iter(self.ways))
        return {
            "source": self.source,
            "duration_s": self.duration_s,
            "units": len(self.units),
            "pooling": self.pooling,
            "against": anchor,
            "ways": [
                {
                    "way": way.name,
                    "bd_rate": self.saving(anchor, way.name),
                    "cpu_s": way.cpu_s,
                    "rungs": [
                        {
                            "codec": one.codec,
                            "width": one.width,
                            "height": one.height,
                            "kbps": one.kbps,
                            "vmaf": {pooling: one.quality(pooling) for pooling in get_args(Pooling)},
                        }
                        for one in way.rungs
                    ],
                }
                for way in self.ways.values()
            ],
        }


def _apart(one: Encoded, other: Encoded, pooling: Pooling) -> float:
    bitrates = abs(one.kbps - other.kbps) / min(one.kbps, other.kbps)
    # Where both are perfect, or both past help, nobody sees which is which.
    middle = (one.quality(pooling) + other.quality(pooling)) / 2
    return bitrates + abs(middle - 70) / 100


def compare(
    film: Prepared,
    goal: Goal,
    ways: Sequence[str],
    work: Path,
    compute: Compute,
    *,
    priors: Mapping[CodecName, Priors] | None = None,
) -> Comparison:
    """Every way encoded and measured, the first of them the one that others are held against.

    The first that is planned places rungs by `goal`. All are then to have rungs of these qualities, and come nearer to
    them than a ladder has to: what lies between rungs, which nobody has measured, weighs little.
    `priors` stand for those that were learnt of their codecs.
    Interrupted, it goes on where it was. Raises what `goals_of` and `matinee.encoding.plans.planning.plan` raise.
    """
    goals = goals_of(ways, goal)
    made: dict[str, Way] = {}
    units: tuple[Shot, ...] = ()
    qualities: tuple[float, ...] = goal.qualities
    for name, wanted in goals.items():
        if wanted is None:
            made[name] = _fixed(encode_fixed(film, work, compute, preset=goal.preset, every=goal.every))
            continue
        known = (priors or {}).get(wanted.codec) or Priors.of_codec(wanted.codec)
        qualities = qualities or tuple(one.target for one in plan(film, wanted, known, work, compute).rungs)
        found = plan(film, replace(wanted, qualities=qualities), known, work, compute)
        made[name], units = _planned(name, found, Cache(work / "trials"), goal.every), found.units
    original = film.original
    return Comparison(
        source=original.path.name,
        duration_s=float(original.frames / original.rate),
        width=original.width,
        height=original.height,
        aspect=original.aspect,
        units=units,
        rate=float(original.rate),
        every=goal.every,
        pooling=goal.pooling,
        ways=made,
    )


def goals_of(ways: Sequence[str], goal: Goal) -> dict[str, Goal | None]:
    """What each way is to bring, None for the fixed ladder; each way once, in order.

    Raises `InvalidInput` for a way that nobody knows, and where fewer than two are left.
    """
    found = {name: _goal(name, goal) for name in ways}
    if len(found) < 2:
        raise InvalidInput(
            "One way has nothing beside it.", next_step=f"Name two or more that differ, of {', '.join(WAYS)}."
        )
    return found


def _goal(name: str, goal: Goal) -> Goal | None:
    """What a way is to bring; None for the fixed ladder."""
    way, _, codec = name.partition("-")
    if name == FIXED:
        return None
    if way not in WAYS[1:] or (codec and codec not in CODECS):
        known = ", ".join(WAYS)
        raise InvalidInput(
            f"There is no way to encode called {name!r}.",
            next_step=f"Use {known}, or all but the first with a codec, as shots-av1.",
        )
    sharing: Sharing = "shots" if way == "mixed" else cast("Sharing", way)
    changed: Any = {"sharing": sharing, "mixed": way == "mixed", **({"codec": codec, "preset": ""} if codec else {})}
    return replace(goal, **changed)


def _fixed(encodes: Sequence[FixedEncode]) -> Way:
    rungs = [
        Encoded(
            codec="h264",
            width=one.rung.width,
            height=one.rung.height,
            kbps=one.kbps,
            scores=one.scores,
            files=(one.file,),
        )
        for one in encodes
    ]
    cpu_s = sum(one.encode_cpu_s + one.measure_cpu_s for one in encodes)
    return Way(name=FIXED, rungs=tuple(rungs), cpu_s=cpu_s)


def _planned(name: str, found: Plan, cache: Cache, every: int) -> Way:
    spent = found.spent
    return Way(
        name=name,
        rungs=tuple(_encoded(rung, found, cache, every) for rung in found.rungs),
        cpu_s=spent.cpu_s,
        plan=found,
    )


def _encoded(rung: PlannedRung, found: Plan, cache: Cache, every: int) -> Encoded:
    trials, files = [cache.known(key).thinned(every) for key in rung.trials], [cache.encode(key) for key in rung.trials]
    return Encoded(
        codec=rung.codec,
        width=rung.width,
        height=rung.height,
        kbps=rung.kbps,
        scores=np.concatenate([one.scores for one in trials]),
        unit_kbps=tuple(found.unit_kbps(rung)),
        files=tuple(files),
        head=files[rung.largest] if rung.mixed else None,
    )
