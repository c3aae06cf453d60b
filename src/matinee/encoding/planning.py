"""Planning a film: read it once, try its units, and keep what the search comes to.

What is found is kept under the digest of what it was found from; planning the same again, or going on after a kill,
finds it. The trials of one round are worked on side by side by the `compute` port, one unit a task.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from operator import attrgetter
from pathlib import Path
from typing import get_args

import numpy as np

from matinee.base.compute import Compute
from matinee.base.disk import disk_errors, make_folder, replace_file
from matinee.encoding.analysis import Analysis, analyse, find_bars, find_grain
from matinee.encoding.codecs import CODECS, CodecName
from matinee.encoding.ladder import fitted
from matinee.encoding.originals import Original, sized, steadied
from matinee.encoding.pieces import pieces
from matinee.encoding.plan import Plan, PlannedRung, Spent
from matinee.encoding.rungs import Placing
from matinee.encoding.search import Additive, Outcome, Priors, Search, Sharing, Space, Step, Unit, Way
from matinee.encoding.trials import Cache, Recipe, Task, Trial, digest_of, found, try_all
from matinee.encoding.units import units
from matinee.media.probe import probe
from matinee.media.quality import Pooling, pooled
from matinee.media.shots import Shot

_MAKE = 1
"""Goes up when analysis comes to find otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a plan is to bring."""

    codec: CodecName = "h264"
    preset: str = ""
    """Of the encoder; empty for the codec's own."""
    heights: tuple[int, ...] = (216, 288, 360, 432, 540, 720, 900, 1080)
    """Of the boxes that sizes are fitted into."""
    placing: Placing = field(default_factory=Placing)
    pooling: Additive = "mean"
    """How quality is counted: the harmonic mean minds bad moments more."""
    sharing: Sharing = "shots"
    probes: int = 2
    """Trials of every unit before the rungs are placed."""
    shortest_s: float = 0.5
    longest_s: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A film that has been read."""

    etag: str
    original: Original
    analysis: Analysis


def prepare(source: Path, etag: str, work: Path, heights: Sequence[int]) -> Prepared:
    """Read a film, or find what was found when it was read before; `etag` names its content.

    Raises what `matinee.media.probe.probe` and `matinee.media.run.ffmpeg` raise.
    """
    media = probe(source)
    crop, video = find_bars(media), media.video
    size = (crop.width, crop.height) if crop else video.display_size
    width, height = fitted(size, max(heights))
    filters = f"{steadied(video, video.frame_rate, crop)},{sized(video, width, height)}"
    original = Original(
        path=source, track=video.index, filters=filters, width=width, height=height, rate=video.frame_rate, frames=0
    )
    kept = work / "analyses" / f"{digest_of(_MAKE, etag, filters, original.rate)}.npz"
    analysis = _load(kept)
    if analysis is None:
        with disk_errors(work):
            make_folder(kept.parent)
            with tempfile.TemporaryDirectory(dir=work) as folder:
                analysis = analyse(original, find_grain(media), Path(folder) / "proxy.mp4")
        _save(kept, analysis)
    return Prepared(etag=etag, original=replace(original, frames=len(analysis.frames)), analysis=analysis)


def plan(film: Prepared, goal: Goal, priors: Priors, work: Path, compute: Compute) -> Plan:
    """The rungs of a film, each unit of each encoded and measured.

    Interrupted, it goes on where it was when it is asked again. Raises `Unavailable` where the disk is full, and what
    `matinee.media.run.ffmpeg` raises.
    """
    trying = _Trying(film, goal, work, compute)
    search = Search(trying.known, trying.space, priors, trying, goal.pooling, goal.sharing)
    search.probe(goal.probes)
    steps = search.ladder(goal.placing, float(film.original.frames / film.original.rate))
    return Plan(
        source=str(film.original.path),
        etag=film.etag,
        rate=film.original.rate,
        units=tuple(trying.units),
        pooling=goal.pooling,
        rungs=tuple(trying.rung(step) for step in steps),
        spent=trying.spent(),
    )


class _Trying:
    """Trials of one film, as `Search` asks for them."""

    def __init__(self, film: Prepared, goal: Goal, work: Path, compute: Compute) -> None:
        self._film, self._compute, self._pooling = film, compute, goal.pooling
        self._codec = CODECS[goal.codec]
        self._preset = goal.preset or self._codec.preset
        self._cache, self._work = Cache(work / "trials"), work
        original = film.original
        self.units = units(film.analysis.shots, original.rate, shortest_s=goal.shortest_s, longest_s=goal.longest_s)
        self.known = [Unit(frames=one.frames, measures=self._measures(one)) for one in self.units]
        boxes = {fitted((original.width, original.height), height) for height in goal.heights}
        self._sizes = sorted({*boxes, (original.width, original.height)}, reverse=True)
        self.space = Space(widths=tuple(width for width, _ in self._sizes), crfs=tuple(self._codec.crfs()))
        self._trials: dict[tuple[int, Way], Trial] = {}

    def __call__(self, asked: Sequence[tuple[int, Way]]) -> list[Outcome]:
        by_unit: dict[int, list[Way]] = {}
        for i, way in asked:
            by_unit.setdefault(i, []).append(way)
        for i, made in self._made(by_unit):
            self._trials.update({(i, way): trial for way, trial in zip(by_unit[i], made, strict=True)})
        return [self._outcome(self._trials[one]) for one in asked]

    def rung(self, step: Step) -> PlannedRung:
        """A step of the search as the plan tells it."""
        trials = [self._trials[i, Way(step.size, crf)] for i, crf in enumerate(step.crfs)]
        scores = np.concatenate([one.scores for one in trials])
        seconds = float(self._film.original.frames / self._film.original.rate)
        width, height = self._sizes[step.size]
        return PlannedRung(
            codec=self._codec.name,
            preset=self._preset,
            width=width,
            height=height,
            crfs=step.crfs,
            trials=tuple(one.key for one in trials),
            kbps=sum(one.size_bytes for one in trials) * 8 / seconds / 1000,
            quality={pooling: pooled(scores, pooling) for pooling in get_args(Pooling)},
            target=step.target,
        )

    def spent(self) -> Spent:
        """Over all trials that were asked for."""
        made = self._trials.values()
        return Spent(
            trials=len(made),
            encode_cpu_s=sum(one.encode_cpu_s for one in made),
            measure_cpu_s=sum(one.measure_cpu_s for one in made),
        )

    def _made(self, by_unit: Mapping[int, Sequence[Way]]) -> Iterator[tuple[int, list[Trial]]]:
        """The trials of each unit: found, or made by whoever computes."""
        missing: dict[Shot, Task] = {}
        for i, ways in by_unit.items():
            task = self._task(i, ways)
            known = [one for one in found(task) if one is not None]
            if len(known) == len(ways):
                yield i, known
            else:
                missing[self.units[i]] = task
        numbers = {unit: i for i, unit in enumerate(self.units)}
        if missing:
            with disk_errors(self._work), tempfile.TemporaryDirectory(dir=self._work) as folder:
                tasks = self._tasks(missing, Path(folder))
                label = f"encoding shots of {self._film.original.path.name}"
                for unit, made in zip(
                    sorted(missing, key=attrgetter("start")), self._compute.map(_work_on, tasks, label), strict=True
                ):
                    yield numbers[unit], made

    def _tasks(self, missing: Mapping[Shot, Task], folder: Path) -> Iterator[Task]:
        for unit, piece in pieces(self._film.original, self.units, folder, missing.__contains__):
            yield replace(missing[unit], piece=piece)

    def _task(self, i: int, ways: Sequence[Way]) -> Task:
        unit, original = self.units[i], self._film.original
        return Task(
            piece=Path(),
            digest=digest_of(self._film.etag, original.filters, unit),
            frames=unit.frames,
            size=(original.width, original.height),
            rate=original.rate,
            recipes=tuple(self._recipe(way) for way in ways),
            every=1,
            cache=self._work / "trials",
        )

    def _recipe(self, way: Way) -> Recipe:
        width, height = self._sizes[way.size]
        return Recipe(codec=self._codec.name, preset=self._preset, width=width, height=height, crf=way.crf)

    def _measures(self, unit: Shot) -> tuple[float, ...]:
        return (*self._film.analysis.measures(unit), float(np.log2(self._film.original.width / 640)))

    def _outcome(self, trial: Trial) -> Outcome:
        return Outcome(bits=trial.size_bytes * 8, quality=pooled(trial.scores, self._pooling))


def _work_on(task: Task) -> list[Trial]:
    """Make a task's trials in a process of their own; the piece has then served."""
    try:
        return try_all(task)
    finally:
        task.piece.unlink(missing_ok=True)


def _load(path: Path) -> Analysis | None:
    try:
        with np.load(path) as kept:
            shots = tuple(Shot(int(start), int(stop)) for start, stop in kept["shots"])
            return Analysis(shots, kept["frames"], float(kept["grain"]))
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _save(path: Path, analysis: Analysis) -> None:
    out = BytesIO()
    shots = np.array([(one.start, one.stop) for one in analysis.shots])
    np.savez_compressed(out, shots=shots, frames=analysis.frames, grain=analysis.grain)
    with disk_errors(path):
        replace_file(path, out.getvalue())
