"""Forecasts: what planning a film will take, and what it will save against a stream that it has, before any trial.

Nobody can say from a look at a film how many bits it needs. What can be said is how the bits of two ways to encode it
compare: that a film is easy makes both cheap. So the stream that there is is foretold like the plan, as one rate factor
for the whole film that takes as many bits as the stream is known to take, and only the ratio of the two is told. What
finished titles came to, beside what had been foretold of them, mends the forecasts of those that wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matinee.encoding.codecs import CodecName
from matinee.encoding.curves import Floats
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Curve, Knowledge, Priors
from matinee.encoding.plans.preparing import Prepared
from matinee.encoding.plans.search import Search
from matinee.encoding.plans.trying import Trying
from matinee.encoding.savings import Point, saved

CPU_S: Mapping[CodecName, float] = {"h264": 1.0, "hevc": 1.5, "av1": 1.85}
"""Seconds of processor for a million pixels of the original, all trials together, at the codec's own preset: of H.264
and AV1 means over the films of ``benchmarks/encoding``; of HEVC, which was not run there, taken to lie between."""


def cost_s(width: int, height: int, frames: int, codecs: Sequence[CodecName]) -> float:
    """Seconds of processor that planning a film of this size takes in these codecs, about."""
    return width * height * frames / 1e6 * sum(CPU_S[codec] for codec in codecs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """What one codec is expected to come to."""

    kbps: Floats
    """Of the best that there is for every amount of bits, rising."""
    vmaf: Floats
    """As the goal counts it."""
    saved: float | None
    """Against the stream that there is, in percent."""


def foretold(film: Prepared, trying: Trying, goal: Goal, old: Sequence[Point]) -> Foretold:
    """What a plan of the film is expected to bring, and to save against renditions in H.264, before any trial."""
    search = Search(
        trying.known,
        trying.space,
        Priors.of_codec(goal.codec),
        trying,
        pooling=trying.pooling,
        sharing=goal.sharing,
        mixed=goal.mixed,
        peak=goal.peak,
    )
    seconds, curve = float(film.original.frames / film.original.rate), search.curve()
    kbps = np.array([one.bits / seconds / 1000 for one in curve])
    vmaf = np.array([one.quality for one in curve])
    new = [
        Point(width=film.original.width, height=film.original.height, kbps=bits, vmaf=quality)
        for bits, quality in zip(kbps, vmaf, strict=True)
    ]
    known = Knowledge(trying.known, trying.space, Priors.of_codec("h264"))
    widths = trying.space.widths
    uniform = {i: _uniform(known.expected((i,)), trying) for i in range(len(widths))}
    believed = [
        Point(
            width=one.width,
            height=one.height,
            kbps=one.kbps,
            vmaf=float(np.interp(one.kbps * seconds * 1000, *uniform[_nearest(one.width, widths)])),
        )
        for one in old
    ]
    return Foretold(kbps=kbps, vmaf=vmaf, saved=saved(believed, new))


def _uniform(curves: Sequence[Curve], trying: Trying) -> tuple[Floats, Floats]:
    """Bits and mean quality of one rate factor for all units, by rising bits."""
    frames = np.array([one.frames for one in trying.known], float)
    bits = np.sum([one.bits for one in curves], axis=0)
    quality = np.average([one.quality for one in curves], axis=0, weights=frames)
    return bits[::-1], quality[::-1]


def _nearest(width: int, widths: Sequence[int]) -> int:
    return int(np.argmin(np.abs(np.log(np.array(widths, float) / width))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What finished titles took and saved beside what had been foretold of them: (foretold, come to), in pairs."""

    cpu_s: Sequence[tuple[float, float]] = ()
    saved: Sequence[tuple[float, float]] = ()
    """Of one codec, in percent."""

    def cost_s(self, foretold_s: float) -> float:
        """A cost mended by experience; until there is much of it, it is not trusted wholly."""
        return foretold_s * float(np.exp(_drift([np.log(now / then) for then, now in self.cpu_s if then and now])))

    def saving(self, foretold_percent: float) -> float:
        """A saving mended by experience.

        >>> round(Experience(saved=[(10, 28), (20, 36)]).saving(10), 1)
        22.4
        """
        drift = _drift([np.log((100 - now) / (100 - then)) for then, now in self.saved])
        return 100 - (100 - foretold_percent) * float(np.exp(drift))


def _drift(logs: Sequence[float]) -> float:
    """The mean, as if one title had come out as foretold before all of these."""
    return float(np.sum(logs)) / (len(logs) + 1)
