"""Plans of film files, each with a folder of its own in which all that was found and tried for it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from matinee.base.compute import Compute
from matinee.base.disk import disk_errors, make_folder
from matinee.encoding.assembly import assemble
from matinee.encoding.bench import locked
from matinee.encoding.comparing import Comparison, compare, goals_of
from matinee.encoding.fingerprint import content
from matinee.encoding.goal import Goal
from matinee.encoding.knowledge import Priors
from matinee.encoding.pipeline import Joined, Planned
from matinee.encoding.plan import Plan, PlannedRung
from matinee.encoding.planning import plan
from matinee.encoding.preparing import Prepared, prepare
from matinee.encoding.savings import Point
from matinee.encoding.settings import EncodingSettings
from matinee.encoding.trials import Cache


class Planner:
    """Plans under `work`, one process at a time for each file."""

    def __init__(self, work: Path, compute: Compute, settings: EncodingSettings) -> None:
        self._work, self._compute, self._settings = work, compute, settings

    def prepare(self, source: Path) -> Prepared:
        """What the film is like; found where it was read before."""
        with self._folder(source) as work:
            return self._prepared(source, work)

    def plan(self, source: Path, goal: Goal) -> Plan:
        """The rungs of the film, encoded and measured.

        Raises `NotFound` where the file is gone, `InvalidInput` where it is no film or damaged, `Conflict` where
        another process plans it, and `Unavailable` where the disk is full.
        """
        with self._folder(source) as work:
            return plan(self._prepared(source, work), goal, Priors.of_codec(goal.codec), work, self._compute)

    def compare(self, source: Path, goal: Goal, ways: Sequence[str]) -> Comparison:
        """Ways to encode the film beside each other; see `matinee.encoding.comparing.compare`."""
        with self.comparing(source, goal, ways) as found:
            return found

    @contextmanager
    def comparing(self, source: Path, goal: Goal, ways: Sequence[str]) -> Iterator[Comparison]:
        """As `compare`, and the encodes are there until the block ends."""
        goals_of(ways, goal)  # refused before the film is read, which takes a while
        with self._folder(source) as work:
            yield compare(self._prepared(source, work), goal, ways, work, self._compute)

    def write(self, source: Path, rungs: Sequence[PlannedRung], folder: Path) -> list[Path]:
        """Put the units of rungs that were planned for the film together, each rung into a file in `folder`.

        Raises `NotFound` where an encode is no longer there.
        """
        with disk_errors(folder):
            make_folder(folder)
        with self._folder(source) as work:
            cache, aspect = Cache(work / "trials"), self._prepared(source, work).original.aspect
            made = list[Path]()
            for rung in rungs:
                made.append(folder / f"{source.stem}-{rung.codec}-{rung.height}p-{round(rung.kbps)}k.mp4")
                assemble([cache.encode(cache.known(key).key) for key in rung.trials], made[-1], aspect)
            return made

    @contextmanager
    def pictures(self, source: Path) -> Iterator[Planned]:
        """The film's picture in all codecs of the settings, its encodes there until the block ends.

        Afterwards only what came of the trials is kept, so that another plan of the film need not try them again.
        """
        with self._folder(source) as work:
            film, cache, rungs, cpu_s = self._prepared(source, work), Cache(work / "trials"), list[Joined](), 0.0
            for codec in self._settings.codecs:
                found = plan(film, self._settings.goal(codec), Priors.of_codec(codec), work, self._compute)
                cpu_s += found.spent.encode_cpu_s + found.spent.measure_cpu_s
                for number, rung in enumerate(found.rungs):
                    name = f"video-{codec}-{number:02}-{rung.width}x{rung.height}.mp4"
                    encodes = tuple(cache.encode(key) for key in rung.trials)
                    vmaf = rung.quality[found.pooling]
                    point = Point(width=rung.width, height=rung.height, kbps=rung.kbps, vmaf=vmaf)
                    rungs.append(Joined(name, codec, encodes, point))
            yield Planned(film.original, tuple(rungs), cpu_s)
            cache.prune(())

    def _prepared(self, source: Path, work: Path) -> Prepared:
        return prepare(source, content(source), work, self._settings.goal("h264").heights)

    @contextmanager
    def _folder(self, source: Path) -> Iterator[Path]:
        """The folder of a film, held against other processes."""
        work = self._work / content(source)
        with locked(self._work / f"{work.name}.lock", str(source)):
            yield work
