"""A budget of bits for a whole catalogue: how good each title's best rendition may be.

Titles share bits as the shots of one title do: at constant slope, so that no bit would bring more elsewhere. What is
watched more counts as often as it is watched, both in the bits that it takes and in what they are worth, so that how
good a title becomes depends on how much its bits bring, and how much that costs on how many watch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matinee.encoding.curves import Floats
from matinee.encoding.plans.allocation import Options, Staircase, within

_LEAST_S = 60.0
"""Titles that nobody has watched count as if somebody had for so long: they have to be good enough to begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A title: what its best rendition could be, and how long it is watched."""

    kbps: Floats
    vmaf: Floats
    watched_s: float

    @property
    def weight_s(self) -> float:
        """Seconds that it counts for."""
        return max(self.watched_s, _LEAST_S)


def shared(
    titles: Mapping[int, Demand], taken: Mapping[int, tuple[float, float]], mean_kbps: float
) -> dict[int, float]:
    """For each title the VMAF of its best rendition, so that all that is watched takes `mean_kbps` on average.

    `taken` are titles that are settled: kbps and seconds watched of each, which count as well. Where the budget does
    not even reach for the cheapest of each, they get that.

    >>> import numpy as np
    >>> still = Demand(kbps=np.array([100, 200, 400.]), vmaf=np.array([80, 90, 92.]), watched_s=3600)
    >>> action = Demand(kbps=np.array([400, 800, 1600.]), vmaf=np.array([50, 70, 80.]), watched_s=3600)
    >>> shared({1: still, 2: action}, {}, 600)
    {1: 90.0, 2: 70.0}
    """
    if not titles:
        return {}
    weights = {
        **{id_: one.weight_s for id_, one in titles.items()},
        **{id_: max(s, _LEAST_S) for id_, (_, s) in taken.items()},
    }
    left = mean_kbps * sum(weights.values()) - sum(kbps * weights[id_] for id_, (kbps, _) in taken.items())
    stairs = Staircase([Options(one.kbps * one.weight_s, one.vmaf * one.weight_s) for one in titles.values()])
    choices = stairs.choices(within(stairs, bits=left))
    return {id_: float(one.vmaf[i]) for (id_, one), i in zip(titles.items(), choices, strict=True)}
