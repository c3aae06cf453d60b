"""Trials of one film, as a search asks for them: found where they were made before, made side by side where not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from math import fsum
from operator import attrgetter
from pathlib import Path
from typing import get_args

import numpy as np

from matinee.base.compute import Compute
from matinee.base.disk import disk_errors
from matinee.base.errors import InvalidInput
from matinee.encoding.codecs import CODECS, film_grain, shrunk_grain
from matinee.encoding.ladder import fitted
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Outcome, Space, Unit, Way
from matinee.encoding.plans.pieces import pieces, room
from matinee.encoding.plans.plan import PlannedRung, Spent
from matinee.encoding.plans.preparing import Prepared
from matinee.encoding.plans.search import Additive, Step
from matinee.encoding.plans.trials import Recipe, Task, Trial, digest_of, found, try_all
from matinee.encoding.plans.units import units
from matinee.media.quality import Pooling, pooled
from matinee.media.shots import Shot


class Trying:
    """Trials of one film, as `Search` asks for them."""

    def __init__(self, film: Prepared, goal: Goal, work: Path, compute: Compute) -> None:
        self._film, self._compute, self._every = film, compute, goal.every
        self.pooling: Additive = "mean" if goal.pooling == "mean" else "harmonic"
        self._codec = CODECS[goal.codec]
        self._preset = goal.preset or self._codec.preset
        self._work = work
        self._original = original = film.original_in(goal.codec)
        self._grain = film.grain if goal.grain and goal.codec == "av1" else 0.0
        self.units = units(film.analysis.shots, original.rate, shortest_s=goal.shortest_s, longest_s=goal.longest_s)
        self.known = [Unit(frames=one.frames, measures=self._measures(one)) for one in self.units]
        boxes = {fitted((original.width, original.height), height) for height in goal.heights}
        boxes.add((original.width, original.height))
        self._sizes = sorted((size for size in boxes if min(size) >= self._codec.least), reverse=True)
        if not self._sizes:
            raise InvalidInput(
                f"{original.path} is {original.width} by {original.height}, less than {goal.codec} encodes.",
                next_step="Choose h264.",
            )
        self.space = Space(widths=tuple(width for width, _ in self._sizes), crfs=tuple(self._codec.crfs()))
        self._trials: dict[tuple[int, Way], Trial] = {}

    def __call__(self, asked: Sequence[tuple[int, Way]]) -> list[Outcome]:
        self._try(asked)
        return [self._outcome(self._trials[one]) for one in asked]

    def deliver(self, rungs: Sequence[PlannedRung]) -> None:
        """Make sure that the encodes of these rungs are there: those of some trials may have been removed."""
        numbers = {size: number for number, size in enumerate(self._sizes)}
        ways = [
            (i, Way(numbers[size], crf))
            for one in rungs
            for i, (size, crf) in enumerate(zip(one.sizes, one.crfs, strict=True))
        ]
        self._try(ways, delivered=True)

    def measured(self, step: Step) -> PlannedRung:
        """A step of the search as the plan tells it, looked at frame by frame."""
        self._try(list(enumerate(step.ways)), every=1)
        return self.rung(step)

    def _try(self, asked: Sequence[tuple[int, Way]], *, every: int = 0, delivered: bool = False) -> None:
        by_unit: dict[int, list[Way]] = {}
        for i, way in dict.fromkeys(asked):
            by_unit.setdefault(i, []).append(way)
        tasks = {i: self._task(i, ways, every or self._every, delivered) for i, ways in by_unit.items()}
        for i, made in self._made(tasks):
            self._trials.update({(i, way): trial for way, trial in zip(by_unit[i], made, strict=True)})

    def rung(self, step: Step) -> PlannedRung:
        """A step of the search as the plan tells it."""
        trials = [self._trials[i, way] for i, way in enumerate(step.ways)]
        scores = np.concatenate([one.scores for one in trials])
        seconds = float(self._original.frames / self._original.rate)
        sizes = tuple(self._sizes[way.size] for way in step.ways)
        width, height = max(sizes)
        return PlannedRung(
            codec=self._codec.name,
            preset=self._preset,
            width=width,
            height=height,
            sizes=sizes,
            crfs=tuple(way.crf for way in step.ways),
            trials=tuple(one.key for one in trials),
            unit_bytes=tuple(one.size_bytes for one in trials),
            kbps=sum(one.size_bytes for one in trials) * 8 / seconds / 1000,
            quality={pooling: pooled(scores, pooling) for pooling in get_args(Pooling)},
            target=step.target,
            depth=self._original.depth,
            dynamic=self._original.dynamic,
            grain=max(one.recipe.grain for one in trials),
        )

    @property
    def tried(self) -> dict[str, Trial]:
        """All trials that were asked for, by key."""
        return {one.key: one for one in self._trials.values()}

    def spent(self, paid: Collection[str] = ()) -> Spent:
        """Over all trials that were asked for, but for those with these keys."""
        made = [one for key, one in self.tried.items() if key not in paid]
        return Spent(
            trials=len(made),
            encode_cpu_s=fsum(one.encode_cpu_s for one in made),
            measure_cpu_s=fsum(one.measure_cpu_s for one in made),
        )

    def _made(self, by_unit: Mapping[int, Task]) -> Iterator[tuple[int, list[Trial]]]:
        """The trials of each unit: found, or made by whoever computes."""
        missing: dict[Shot, Task] = {}
        for i, task in by_unit.items():
            known = [one for one in found(task) if one is not None]
            if len(known) == len(task.recipes):
                yield i, known
            else:
                missing[self.units[i]] = task
        numbers = {unit: i for i, unit in enumerate(self.units)}
        if missing:
            with disk_errors(self._work), room(self._work) as folder:
                tasks = self._tasks(missing, folder)
                label = f"encoding shots of {self._original.path.name}"
                for unit, made in zip(
                    sorted(missing, key=attrgetter("start")), self._compute.map(_work_on, tasks, label), strict=True
                ):
                    yield numbers[unit], made

    def _tasks(self, missing: Mapping[Shot, Task], folder: Path) -> Iterator[Task]:
        for unit, piece in pieces(self._original, self.units, folder, missing.__contains__):
            yield replace(missing[unit], piece=piece)

    def _task(self, i: int, ways: Sequence[Way], every: int, delivered: bool) -> Task:  # noqa: FBT001  passed on
        unit, original = self.units[i], self._original
        return Task(
            piece=Path(),
            digest=digest_of(self._film.etag, original.filters, unit),
            frames=unit.frames,
            size=(original.width, original.height),
            rate=original.rate,
            depth=original.depth,
            colour=original.colour,
            recipes=tuple(self._recipe(way) for way in ways),
            every=every,
            cache=self._work / "trials",
            delivered=delivered,
        )

    def _recipe(self, way: Way) -> Recipe:
        width, height = self._sizes[way.size]
        return Recipe(
            codec=self._codec.name,
            preset=self._preset,
            width=width,
            height=height,
            crf=float(way.crf),
            grain=film_grain(shrunk_grain(self._grain, width / self._original.width)),
        )

    def _measures(self, unit: Shot) -> tuple[float, ...]:
        return (*self._film.analysis.measures(unit), float(np.log2(self._original.width / 640)))

    def _outcome(self, trial: Trial) -> Outcome:
        return Outcome(bits=trial.size_bytes * 8, quality=pooled(trial.scores, self.pooling))


def _work_on(task: Task) -> list[Trial]:
    """Make a task's trials in a process of their own; the piece has then served."""
    try:
        return try_all(task)
    finally:
        task.piece.unlink(missing_ok=True)
