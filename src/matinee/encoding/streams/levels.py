"""Levels: how loud the sound tracks of a film are, measured once and kept on the bench."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from matinee.base.progress import working
from matinee.encoding.bench import Bench
from matinee.encoding.streams.progress import SoFar
from matinee.media.loudness import Loudness, measured


@dataclass(frozen=True, slots=True)
class Heard:
    """A sound track to be measured, and under what name that is kept."""

    name: str
    path: Path
    track: int = 0
    filters: str = "anull"


def levels(
    bench: Bench, tracks: Sequence[Heard], *, label: str, length_s: float, stop: threading.Event | None = None
) -> list[Loudness]:
    """How loud each track is, in order; only what was not measured before is measured.

    `label` names the work for who watches its progress. Raises what `matinee.media.loudness.measured` raises.
    """
    missing = [one for one in tracks if bench.piece(one.name) is None]
    if missing:
        with working(f"{label}: loudness", len(missing) * length_s, "s") as task:
            for one in missing:
                bench.make([one.name], partial(_measure, one, SoFar(task.advance, length_s), stop))
    return [Loudness(**json.loads((bench.folder / one.name).read_text())) for one in tracks]


def _measure(one: Heard, progress: SoFar, stop: threading.Event | None, paths: Sequence[Path]) -> None:
    found = measured(one.path, one.track, one.filters, progress=progress, stop=stop)
    progress.rest()
    paths[0].write_text(json.dumps(asdict(found)))
