"""Ways to encode each film beside each other: bits for the same quality, all encoded and measured in one run.

The prior of a film is learnt from the other films. ``equal`` is what tools that encode each scene to a quality do
(Av1an), but with the best size for each rung, which they do not look for; ``title`` is one rate factor for the film
(ab-av1), with the best size as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.encoding.clips import JOINED, etag, films, parts_of
from benchmarks.encoding.grid import HEIGHTS, known
from benchmarks.encoding.learn import Known, learnt
from benchmarks.report import Bar, Row, at_least
from matinee.base.compute import Compute
from matinee.base.compute.local import LocalCompute
from matinee.base.disk import replace_file
from matinee.encoding.codecs import CodecName
from matinee.encoding.plans.comparing import Comparison, compare
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.preparing import prepare

WORK = Path(__file__).parent / "work"
WAYS = ("fixed", "title", "equal", "shots", "mixed", "mixed-av1")
AGAINST = (
    ("fixed", "title"),
    ("fixed", "shots"),
    ("fixed", "mixed"),
    ("fixed", "mixed-av1"),
    ("title", "shots"),
    ("title", "mixed"),
    ("equal", "shots"),
    ("equal", "mixed"),
)
CODECS: tuple[CodecName, ...] = ("h264", "av1")


def measure(data: Path) -> Iterator[Row]:
    """BD-rates, and processor seconds of each way."""
    compute = LocalCompute(2)
    units = {codec: known(codec, data / "clips", WORK, compute) for codec in CODECS}
    for name, path in films(data / "clips", WORK / "films").items():
        priors = {codec: without(units[codec], name) for codec in CODECS}
        found = compared(name, path, priors, compute)
        for anchor, test in AGAINST:
            saving = found.saving(anchor, test)
            if saving is not None:
                yield Row(system=test, data=name, metric=f"BD-rate against {anchor}", value=round(saving, 2), unit="%")
        for way in found.ways.values():
            per_s = way.cpu_s / found.duration_s
            yield Row(system=way.name, data=name, metric="CPU a second of film", value=round(per_s, 2), unit="s")
    compute.close()


def without(units: Sequence[Known], name: str) -> Priors:
    """What was learnt from the films that are no part of this one."""
    return learnt([one for one in units if one.film not in parts_of(name)])


def compared(name: str, path: Path, priors: dict[CodecName, Priors], compute: Compute) -> Comparison:
    """The ways of a film, with a file beside that tells every rung."""
    found = compare(prepare(path, etag(path), WORK, HEIGHTS), GOAL, WAYS, WORK, compute, priors=priors)
    print(name, {f"{b} against {a}": round(found.saving(a, b) or 0, 2) for a, b in AGAINST}, flush=True)
    (WORK / "told").mkdir(exist_ok=True)
    replace_file(WORK / "told" / f"{name}.json", json.dumps(found.told()).encode())
    return found


GOAL = Goal(heights=HEIGHTS)


def bars(rows: Iterable[Row]) -> list[Bar]:
    """What the ways have to save."""
    told = {(one.data, one.metric, one.system): -one.value for one in rows if one.unit == "%"}

    def savings(anchor: str, test: str) -> dict[str, float]:
        return {data: value for (data, metric, way), value in told.items() if (metric, way) == (_bd(anchor), test)}

    against_fixed, av1 = savings("fixed", "mixed"), savings("fixed", "mixed-av1")
    against_title, equal = savings("title", "mixed"), savings("equal", "mixed")
    one_size = savings("title", "shots")
    clips = [name for name in against_title if name != JOINED]
    return [
        at_least("Against the fixed ladder, mean saving", _mean(against_fixed.values()), 10, "%"),
        at_least("Against the fixed ladder, saving on the joined title", against_fixed[JOINED], 18, "%"),
        at_least("AV1 against the fixed ladder of H.264, mean saving", _mean(av1.values()), 45, "%"),
        at_least(
            "Against the title's hull, least saving on a clip", min(against_title[one] for one in clips), -0.5, "%"
        ),
        at_least("Against the title's hull, saving on the joined title", against_title[JOINED], 8, "%"),
        at_least("The same with one size on a rung, least on a clip", min(one_size[one] for one in clips), -0.5, "%"),
        at_least("The same with one size on a rung, on the joined title", one_size[JOINED], 8, "%"),
        at_least("Against equal quality, least saving on a film", min(equal.values()), 0, "%"),
    ]


def _bd(anchor: str) -> str:
    return f"BD-rate against {anchor}"


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
