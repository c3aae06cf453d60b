"""Plots of plans and comparisons: the hull, quality over time, and where the bits go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from matinee.base.plotting import theme
from matinee.encoding.plans.comparing import Comparison, Encoded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Look = Literal["dark", "light"]
_SMOOTH_S = 0.5


def hulls(found: Comparison, look: Look = "light") -> Figure:
    """Quality over bitrate, a line for each way; the area of a point tells the size of its picture."""
    with theme(look):
        figure = _figure(7.2, 4.2)
        axis = figure.subplots()
        for way in found.ways.values():
            kbps = [one.kbps for one in way.rungs]
            quality = [one.quality(found.pooling) for one in way.rungs]
            line = axis.plot(kbps, quality, label=way.name)[0]
            areas = [12 + 60 * one.width * one.height / _largest(found) for one in way.rungs]
            axis.scatter(kbps, quality, areas, color=line.get_color(), zorder=3)
        axis.set(xscale="log", xlabel="kbps", ylabel=f"VMAF, {found.pooling}", title=found.source)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.legend()
        return figure


def over_time(found: Comparison, anchor: str, test: str, look: Look = "light") -> Figure:
    """Quality over the film of two rungs of about the same bitrate, one of each way."""
    with theme(look):
        figure = _figure(7.2, 3.2)
        axis = figure.subplots()
        for name, one in zip((anchor, test), found.pair(anchor, test), strict=True):
            scores = found.over_time(one)
            times = np.arange(len(scores)) / found.rate
            span = max(1, round(_SMOOTH_S * found.rate))
            smooth = np.convolve(np.pad(scores, (span // 2, span - 1 - span // 2), mode="edge"), np.ones(span) / span)
            axis.plot(
                times, smooth[span - 1 : span - 1 + len(times)], label=f"{name}, {one.kbps:.0f} kbps, {_size(one)}"
            )
        for unit in found.units:
            axis.axvline(unit.start / found.rate, linewidth=0.4, alpha=0.4)
        axis.set(xlabel="seconds", ylabel="VMAF", ylim=(None, 100.5), title="Quality over time")
        axis.legend(loc="lower right")
        return figure


def bits_by_shot(found: Comparison, ways: tuple[str, ...], look: Look = "light") -> Figure:
    """Bitrate of every unit, for the rung of each way that lies next to a middling quality."""
    with theme(look):
        figure = _figure(7.2, 3.0)
        axis = figure.subplots()
        edges = np.array([unit.start for unit in found.units] + [found.units[-1].stop]) / found.rate
        for name in ways:
            rungs = [one for one in found.ways[name].rungs if one.unit_kbps]
            middle = min(rungs, key=lambda one: abs(one.quality(found.pooling) - 80))
            told = f"{name}, {middle.kbps:.0f} kbps, VMAF {middle.quality(found.pooling):.1f}"
            axis.stairs(middle.unit_kbps, edges, label=told)
        axis.set(xlabel="seconds", ylabel="kbps", title="Bits by shot", ylim=(0, None))
        axis.legend()
        return figure


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure as New

    return New(figsize=(width, height))


def _largest(found: Comparison) -> int:
    return max(one.width * one.height for way in found.ways.values() for one in way.rungs)


def _size(one: Encoded) -> str:
    return f"{one.width}x{one.height}"
