"""What is said in a film, timed: each line while its shot is on, as long as it takes to read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from matinee.simulation.films import Film

_READ_PER_S = 14
"""Characters a second, below the 17 that guides for adults' subtitles allow."""
_SHORTEST_S, _GAP_S, _AFTER_CUT_S = 1.1, 0.12, 0.25


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle."""

    start_s: float
    end_s: float
    text: str


def cues(film: Film, *, translated: bool = False) -> list[Cue]:
    """The film's lines in order; none overlaps another or runs over its shot."""
    found: list[Cue] = []
    for shot, (start_s, end_s) in zip(film.shots, pairwise([*film.starts_s, film.duration_s]), strict=True):
        lines = shot.translated if translated else shot.lines
        if not lines:
            continue
        wanted = [max(_SHORTEST_S, len(line) / _READ_PER_S) for line in lines]
        room = end_s - start_s - 2 * _AFTER_CUT_S - _GAP_S * (len(lines) - 1)
        squeeze = min(1.0, room / sum(wanted))
        at = start_s + _AFTER_CUT_S
        for line, seconds in zip(lines, wanted, strict=True):
            found.append(Cue(at, at + seconds * squeeze, line))
            at += seconds * squeeze + _GAP_S
    return found


def srt(found: list[Cue]) -> str:
    """The cues as SubRip."""
    blocks = (
        f"{number}\n{_clock(cue.start_s)} --> {_clock(cue.end_s)}\n{cue.text}\n" for number, cue in enumerate(found, 1)
    )
    return "\n".join(blocks)


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return f"{milliseconds // 3_600_000:02d}:{milliseconds // 60_000 % 60:02d}:{milliseconds // 1000 % 60:02d}," + (
        f"{milliseconds % 1000:03d}"
    )
