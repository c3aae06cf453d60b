"""Time inside a film: exact fractions of a second, the clocks of subtitle files, and SMPTE timecodes.

A time is a `Fraction` in seconds from the first frame. Rates are frames per second, exact as well: 24000/1001 is
not 23.976, and after two hours the difference is four frames.
"""

from __future__ import annotations

import re
from fractions import Fraction

from matinee.base.errors import InvalidInput

NTSC = Fraction(1000, 1001)
# What cameras, discs and broadcasters use; a measured rate within a thousandth of one of these is meant to be it.
STANDARD_RATES = (
    24 * NTSC, Fraction(24), Fraction(25), 30 * NTSC, Fraction(30), 48 * NTSC, Fraction(48), Fraction(50), 60 * NTSC,
    Fraction(60), Fraction(100), 120 * NTSC, Fraction(120),
)  # fmt: skip

_CLOCK = re.compile(r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)(?:[.,](\d{1,9}))?")
_TIMECODE = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)([:;])(\d{2,3})")


def snap_rate(rate: Fraction) -> Fraction:
    """The standard frame rate that a measured one stands for, or the measured one where none is near.

    >>> snap_rate(Fraction(2997, 100))
    Fraction(30000, 1001)
    >>> snap_rate(Fraction(25, 2))
    Fraction(25, 2)
    """
    nearest = min(STANDARD_RATES, key=lambda one: abs(one - rate))
    return nearest if abs(nearest - rate) <= nearest / 2500 else rate.limit_denominator(1001)


def clock(time: Fraction) -> str:
    """``HH:MM:SS.mmm`` as WebVTT writes it, rounded to the nearest millisecond.

    >>> clock(Fraction(7325, 2))
    '01:01:02.500'

    Raises `ValueError` for a time before the beginning.
    """
    if time < 0:
        raise ValueError(f"{time} lies before the beginning")
    minutes, ms = divmod(round(time * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}.{ms % 1000:03}"


def parse_clock(text: str) -> Fraction:
    """Seconds of ``HH:MM:SS.mmm`` or ``MM:SS.mmm``, with a full stop (WebVTT) or a comma (SubRip).

    >>> parse_clock("01:02,5")
    Fraction(125, 2)

    Raises `InvalidInput` where the text is no such clock.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text.strip()!r} is not a time of a subtitle.", next_step="Write it as 00:01:02.500.")
    hours, minutes, seconds, part = found.groups()
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + (Fraction(int(part), 10 ** len(part)) if part else Fraction(0))


def frame_at(time: Fraction, rate: Fraction) -> int:
    """Number of the frame on the screen at `time`, counting from 0."""
    return (time * rate).__floor__()


def timecode(time: Fraction, rate: Fraction) -> str:
    """SMPTE ST 12-1 timecode ``HH:MM:SS:FF`` of the frame on the screen; drop-frame (``;``) at 29.97 and 59.94.

    >>> timecode(Fraction(60060, 1000), Fraction(30000, 1001))
    '00:01:00;02'
    """
    nominal, dropped = _counting(rate)
    frame = frame_at(time, rate)
    if dropped:
        ten_minutes = nominal * 600 - 9 * dropped
        minute = nominal * 60 - dropped
        tens, rest = divmod(frame, ten_minutes)
        # The first minute of ten keeps all its numbers, the nine others skip the first two (four).
        frame += dropped * (9 * tens + (max(0, rest - dropped) // minute if rest >= nominal * 60 else 0))
    seconds, number = divmod(frame, nominal)
    mark = ";" if dropped else ":"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{number:02}"


def parse_timecode(text: str, rate: Fraction) -> Fraction:
    """The exact time at which the frame with this timecode begins; the inverse of `timecode`.

    >>> parse_timecode("00:00:01:12", Fraction(24))
    Fraction(3, 2)

    Raises `InvalidInput` for what is no timecode of that rate, a dropped number included.
    """
    nominal, dropped = _counting(rate)
    found = _TIMECODE.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text!r} is not a timecode.", next_step="Write it as HH:MM:SS:FF.")
    hours, minutes, seconds, number = (int(found[group]) for group in (1, 2, 3, 5))
    drop = dropped if found[4] == ";" else 0
    if number >= nominal or (drop and minutes % 10 and seconds == 0 and number < drop):
        raise InvalidInput(
            f"{text!r} does not exist at {float(rate):.3f} frames a second.", next_step="Check the frame number."
        )
    total_minutes = hours * 60 + minutes
    frame = (total_minutes * 60 + seconds) * nominal + number - drop * (total_minutes - total_minutes // 10)
    return frame / rate


def _counting(rate: Fraction) -> tuple[int, int]:
    """Frame numbers in a counted second, and how many numbers are skipped each minute to keep up with the clock."""
    if rate <= 0:
        raise ValueError(f"{rate} is no frame rate")
    nominal = max(1, round(rate))
    drops = rate.denominator == 1001 and nominal % 30 == 0
    return nominal, nominal // 15 if drops else 0
