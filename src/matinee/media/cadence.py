"""How many pictures a second a film has, by when they are shown in several places rather than by what is told."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice, pairwise

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from matinee.media.packets import spans
from matinee.media.time import STANDARD_RATES, snap_rate

_PACKETS = 240
"""That are looked at in one place."""
_PLACES = 4
"""Parts of the film at whose beginnings the rate is measured."""
_MEANT = Fraction(1, 12)
"""A varying rate so near to a standard one is meant to be it."""


def shown(container: InputContainer, stream: VideoStream) -> list[list[Fraction]]:
    """When the first pictures are shown, and then some in other places of the film, each time in order."""
    length = Fraction(container.duration or 0, av.time_base)
    return [_times(container, stream, length * i / _PLACES) for i in range(_PLACES)]


def frame_rate(stream: VideoStream, times: Sequence[list[Fraction]]) -> tuple[Fraction, bool]:
    """Frames per second and whether they vary, from the frames' distances in places rather than the header's word.

    `times` is what `shown` found. Where they vary, it is the usual rate of the quickest place that is not alone:
    pictures shown twice cost next to nothing, pictures left out are missed. One near a standard rate is taken for that.
    """
    found = [one for one in (_rate_there(stream, place) for place in times) if one is not None]
    if not found:
        return snap_rate(Fraction(stream.average_rate or stream.guessed_rate or 25)), False
    rates = sorted(rate for rate, _ in found)
    if not any(varies for _, varies in found) and rates[-1] - rates[0] <= rates[0] / 100:
        return found[0][0], False
    quickest = max(rate for rate in rates if len(rates) < 3 or sum(one > rate * 99 / 100 for one in rates) > 1)
    return _standard(quickest), True


def _times(container: InputContainer, stream: VideoStream, after: Fraction) -> list[Fraction]:
    """When frames are shown, in order, from a time after the beginning on; the first ones where it is nought."""
    try:
        container.seek((container.start_time or 0) + round(after * av.time_base))
    except av.error.FFmpegError:
        return []
    times = [begin for _, begin, _ in islice(spans(container, [stream]), _PACKETS)]
    # Frames near the cut may still lack earlier ones that are stored later.
    return sorted(times)[: max(2, len(times) - 16)]


def _rate_there(stream: VideoStream, times: list[Fraction]) -> tuple[Fraction, bool] | None:
    """The usual rate in one place and whether it varies there; None where that cannot be told."""
    gaps = [after - before for before, after in pairwise(times) if after > before]
    if not gaps:
        return None
    usual = sorted(gaps)[len(gaps) // 4]  # a quarter of the pictures come as quickly: a rate, and not a chance
    # Clocks that count milliseconds round each distance up or down by one tick.
    tick = Fraction(stream.time_base or 0)
    if max(gaps) - min(gaps) > max(2 * tick, usual / 8):
        alike = [gap for gap in gaps if abs(gap - usual) <= max(tick, usual / 8)]
        return snap_rate(len(alike) / sum(alike, Fraction())), True
    # A told rate is a mean over the file, which one gap spoils; a measured one is rounded by its clock.
    told, measured = snap_rate(Fraction(stream.average_rate or 0)), snap_rate((len(times) - 1) / (times[-1] - times[0]))
    if told in STANDARD_RATES and abs(told - measured) < measured / 50:
        return told, False
    return (measured if measured in STANDARD_RATES or not told else told), False


def _standard(rate: Fraction) -> Fraction:
    """The standard rate that a varying one is meant to be; of a recording of few pictures its own."""
    nearest = min(STANDARD_RATES, key=lambda one: abs(one - rate))
    if abs(nearest - rate) <= _MEANT * nearest:
        return nearest
    return Fraction(round(rate)) if abs(round(rate) - rate) < rate / 500 else rate.limit_denominator(1001)
