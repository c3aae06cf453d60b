"""Plans of film files, each with a folder of its own in which all that was found and tried for it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from matinee.base.compute import Compute
from matinee.base.disk import disk_errors, make_folder
from matinee.encoding.bench import locked
from matinee.encoding.codecs import CodecName
from matinee.encoding.fingerprint import content
from matinee.encoding.plans.assembly import assemble
from matinee.encoding.plans.comparing import Comparison, compare, goals_of
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.plan import Plan, PlannedRung
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import Prepared, prepare
from matinee.encoding.plans.renditions import Joined, Planned
from matinee.encoding.plans.trials import Cache
from matinee.encoding.settings import EncodingSettings

_EVERYBODYS: CodecName = "h264"


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
        """Ways to encode the film beside each other; see `matinee.encoding.plans.comparing.compare`."""
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
                encodes = [cache.encode(cache.known(key).key) for key in rung.trials]
                assemble(encodes, made[-1], aspect, head=encodes[rung.largest] if rung.mixed else None)
            return made

    @contextmanager
    def pictures(self, source: Path) -> Iterator[Planned]:
        """The film's picture in all codecs of the settings, its encodes there until the block ends.

        One of high dynamic range is kept so in HEVC and AV1, and is always there in H.264 of standard range too. Where
        sizes change on the way, there are also rungs of one size each in H.264, for players that do not take it.
        Afterwards only what came of the trials is kept, so that another plan of the film need not try them again.
        """
        with self._folder(source) as work:
            film, cache, paid = self._prepared(source, work), Cache(work / "trials"), set[str]()

            def planned(goal: Goal) -> Plan:
                return plan(film, goal, Priors.of_codec(goal.codec), work, self._compute, paid=paid)

            plans = [planned(self._settings.goal(codec)) for codec in self._codecs(film)]
            if any(one.mixed for one in plans) and not any(one.codec == _EVERYBODYS and not one.mixed for one in plans):
                plans.append(planned(replace(self._settings.goal(_EVERYBODYS), mixed=False)))
            rungs = tuple(rung for one in plans for rung in _joined(one, cache))
            yield Planned(film.original, rungs, sum(one.spent.cpu_s for one in plans))
            cache.prune(())

    def _codecs(self, film: Prepared) -> Sequence[CodecName]:
        """Those of the settings, and H.264 for screens of standard range where all others keep a high one."""
        codecs = self._settings.codecs
        return codecs if _EVERYBODYS in codecs or film.full.dynamic == "sdr" else (_EVERYBODYS, *codecs)

    def _prepared(self, source: Path, work: Path) -> Prepared:
        heights = self._settings.goal("h264").heights
        return prepare(source, content(source), work, heights, self._settings.max_frame_rate)

    @contextmanager
    def _folder(self, source: Path) -> Iterator[Path]:
        """The folder of a film, held against other processes."""
        work = self._work / content(source)
        with locked(self._work / f"{work.name}.lock", str(source)):
            yield work


def _joined(found: Plan, cache: Cache) -> Iterator[Joined]:
    """The rungs of a plan; all of one whose sizes change are put together alike, so that none has its own codec."""
    kind = f"{found.codec}-mixed" if found.mixed else found.codec
    for number, rung in enumerate(found.rungs):
        encodes = tuple(cache.encode(key) for key in rung.trials)
        yield Joined(
            name=f"video-{kind}-{number:02}-{rung.width}x{rung.height}.mp4",
            codec=rung.codec,
            encodes=encodes,
            vmaf=rung.quality[found.pooling],
            head=encodes[rung.largest] if found.mixed else None,
        )
