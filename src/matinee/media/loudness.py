"""How loud sound is (ITU-R BS.1770-5, EBU R 128), and by how much to make it louder or softer.

Integrated loudness leaves silence and what is far below the rest out of the mean; true peaks are those of the wave
between the samples, which a decoder's converter draws.

    >>> gain_db(Loudness(integrated_lufs=-30.0, true_peak_dbtp=-12.0), target_lufs=-23, ceiling_dbtp=-1)
    7.0
    >>> gain_db(Loudness(integrated_lufs=-30.0, true_peak_dbtp=-4.0), target_lufs=-23, ceiling_dbtp=-1)
    3.0
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fractions import Fraction
from math import log10
from pathlib import Path

from matinee.media import run
from matinee.media.containers import input_options

# The gate of BS.1770: what is softer counts as silence. FFmpeg tells it where there was nothing else.
_SILENCE_LUFS = -70.0
_INTEGRATED, _PEAK = "lavfi.r128.I", "lavfi.r128.true_peak"
MOST_DB = 20.0
"""No sound is raised by more: above that it is the hiss that comes up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """How loud a sound track is as a whole."""

    integrated_lufs: float | None
    """None where it is silent, or shorter than the 0.4 s that are measured at once."""
    true_peak_dbtp: float | None
    """None where it is silent."""


def gain_db(found: Loudness, target_lufs: float, ceiling_dbtp: float) -> float:
    """What brings sound to `target_lufs`, or as near as its true peak may come to `ceiling_dbtp`; at most `MOST_DB`.

    Sound too short to be measured is only kept below the ceiling.
    """
    if found.true_peak_dbtp is None:
        return 0.0
    room = ceiling_dbtp - found.true_peak_dbtp
    if found.integrated_lufs is None:
        return min(0.0, room)
    return min(target_lufs - found.integrated_lufs, room, MOST_DB)


def measured(
    path: Path,
    track: int,
    filters: str = "anull",
    *,
    progress: run.Progress | None = None,
    stop: threading.Event | None = None,
) -> Loudness:
    """How loud the track with this index is after `filters`.

    `progress` hears of the seconds measured so far. Raises what `matinee.media.run.ffmpeg` raises.
    """
    last: dict[str, float] = {}

    def line(text: str) -> None:
        key, _, value = text.partition("=")
        if key in {_INTEGRATED, _PEAK}:
            last[key] = float(value)
        elif progress is not None and "pts_time:" in text:
            progress(Fraction(text.rpartition(":")[2]))

    graph = f"{filters},ebur128=peak=true:metadata=1:framelog=quiet,ametadata=mode=print:file=-"
    arguments = [*input_options(path), "-map", f"0:{track}", "-af", graph, "-f", "null", "-"]
    run.ffmpeg(arguments, about=str(path), line=line, stop=stop)
    loud, peak = last.get(_INTEGRATED, _SILENCE_LUFS), last.get(_PEAK, 0.0)
    return Loudness(
        integrated_lufs=round(loud, 2) if loud > _SILENCE_LUFS else None,
        true_peak_dbtp=round(20 * log10(peak), 2) if peak > 0 else None,
    )
