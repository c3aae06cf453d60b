"""What the attempts of a job share: a folder beside theirs, handed over among the objects from machine to machine.

Every machine has it as the latest attempt there left it. As an attempt left that will or may be followed by another, it
lies at ``jobs/ID/state-ATTEMPT.tar`` until there is a newer one or the job is final. It is a TAR, since programs go by
times and links to find where to go on; and not packed, since weights hardly shrink and a stopped agent has little time.
Of an agent that was killed nothing is handed over.
"""

from __future__ import annotations

import logging
import tarfile
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from matinee.base.disk import disk_errors
from matinee.base.errors import NotFound
from matinee.base.objects import Objects
from matinee.jobs.attempts.archive import attempts, replacing
from matinee.jobs.records import Job

logger = logging.getLogger(__name__)
LONGEST_S = 60.0
"""How long an agent that is stopped waits for what it hands over."""
STATE = "state"
"""Beside the folders of attempts. An empty file ``.state-ATTEMPT.tar`` there stands for what is to be cleared away
among the objects: nobody has to look what there is."""


class Handover:
    """Shared folders of jobs, here and among the objects."""

    def __init__(self, objects: Objects, work: Path) -> None:
        self._objects, self._work = objects, work
        self._giving: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether anything is being stored."""
        return bool(self._giving)

    def take(self, job: Job) -> Path:
        """The folder for the attempt that a job is at, as the latest one before left it.

        To be had before the attempt's own folder is made: those that are there tell how new this one is. Raises
        `Unavailable` where what another machine left cannot be had now.
        """
        place = self._work / job.id
        folder = place / STATE
        with disk_errors(folder):
            for attempt in range(job.attempt - 1, max(attempts(place), default=0), -1):
                with suppress(NotFound):
                    self._lay(place, _name(attempt))
                    return folder
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def give(self, job: Job) -> None:
        """Store the folder as the attempt that a job is at left it; nothing where it never held anything.

        Where that fails there is a warning and no more.
        """
        self._giving.add(job.id)
        try:
            self._store(self._work / job.id, _name(job.attempt))
        except Exception as error:  # whatever it is, what came of the attempt is still to be written
            told = "What the attempts of the job %s share cannot be handed over to other machines: %s"
            logger.warning(told, job.id, str(error) or repr(error))
        finally:
            self._giving.discard(job.id)

    def forget(self, job_id: str) -> None:
        """Remove what was handed over, once a job is final. Raises `Unavailable`."""
        place = self._work / job_id
        with disk_errors(place):
            self._drop(_marks(place))

    def _lay(self, place: Path, name: str) -> None:
        with self._objects.stream(_key(place.name, name)) as stream, replacing(place / STATE) as new:
            _mark(place, name).touch()
            with tarfile.open(fileobj=stream) as archive:
                archive.extraction_filter = getattr(tarfile, "tar_filter", None)  # Python 3.11.4 and later
                archive.extractall(new)  # noqa: S202  it is as we stored it

    def _store(self, place: Path, name: str) -> None:
        folder, older = place / STATE, [one for one in _marks(place) if one != _mark(place, name)]
        with disk_errors(folder):
            held = sorted(folder.iterdir()) if folder.is_dir() else []
            if not held and not older:
                return
            with NamedTemporaryFile(dir=place, prefix=f".{STATE}.") as new:
                with tarfile.open(fileobj=new, mode="w") as archive:
                    for one in held:
                        archive.add(one, one.name)
                new.flush()
                _mark(place, name).touch()
                self._objects.put_file(_key(place.name, name), Path(new.name))
            self._drop(older)

    def _drop(self, marks: list[Path]) -> None:
        for one in marks:
            self._objects.delete(_key(one.parent.name, one.name.removeprefix(".")))
            one.unlink(missing_ok=True)


def _name(attempt: int) -> str:
    return f"{STATE}-{attempt}.tar"


def _key(job_id: str, name: str) -> str:
    return f"jobs/{job_id}/{name}"


def _mark(place: Path, name: str) -> Path:
    return place / f".{name}"


def _marks(place: Path) -> list[Path]:
    return list(place.glob(f".{STATE}-*"))
