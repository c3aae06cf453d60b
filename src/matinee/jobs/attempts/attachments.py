"""Files that come with a job request: kept among the objects, where an agent on any machine can fetch them.

They are there before the job is. So that none stays behind where whoever keeps them is killed between, a mark lies at a
key of its own meanwhile, and marks are few enough to be listed often.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from matinee.base.errors import InvalidInput, Unavailable
from matinee.base.objects import Objects
from matinee.base.tables import Tables
from matinee.jobs.attempts.folder import OBJECTS, OURS
from matinee.jobs.queue import store

MOST_BYTES = 100 << 20
MOST = 100
_LONGEST_NAME_BYTES = 240
_MARKS = "attaching/"


def check_name(name: str) -> str:
    """The name itself; raises `InvalidInput` where it is no plain name of a file, or one that jobs keep for theirs.

    >>> check_name("query.sql")
    'query.sql'
    """
    reasons = {
        "it names no file": name in {"", ".", ".."},
        "it names a folder too": "/" in name or "\\" in name,
        "it holds a control character": any(ord(letter) < 32 or ord(letter) == 127 for letter in name),
        "it is too long": len(name.encode(errors="replace")) > _LONGEST_NAME_BYTES,
        "jobs keep a file of that name themselves": name in OURS,
    }
    if reason := next((one for one, found in reasons.items() if found), ""):
        raise InvalidInput(f"The attachment {name[:200]!r} is refused: {reason}.", next_step="Give it another name.")
    return name


def prefix(id_: str) -> str:
    """What the keys of a job's attachments begin with."""
    return f"jobs/{id_}/attachments/"


@contextmanager
def kept(objects: Objects, id_: str, nonce: str, files: Sequence[Path]) -> Iterator[list[str]]:
    """Keep files for a job; the addresses where its agent finds them. They are gone again where the block raises.

    A `nonce` keeps two requests apart that ask for one id. Raises `InvalidInput` for a name that no file of a job may
    have, for two files of one name, and for one that is too large.
    """
    names = [check_name(file.name) for file in files]
    if len(set(names)) < len(names) or len(names) > MOST:
        told = "Two attachments have one name." if len(names) <= MOST else f"There are more than {MOST} attachments."
        raise InvalidInput(told, next_step="Send each once, or put them into one archive.")
    if not names:
        yield []
        return
    keys, mark = [f"{prefix(id_)}{nonce}/{name}" for name in names], f"{_MARKS}{id_}/{nonce}"
    stored = False
    try:
        objects.put(mark, b"")
        for key, file in zip(keys, files, strict=True):
            _put(objects, key, file)
        stored = True
        yield [f"{OBJECTS}{key}" for key in keys]
    except BaseException as error:
        # Where the database went away, nobody knows whether it had taken the job in: `sweep` asks later.
        if not (stored and isinstance(error, Unavailable)):
            _drop(objects, [*keys, mark])
        raise
    _drop(objects, [mark])


def sweep(objects: Objects, tables: Tables, before_ms: int) -> None:
    """Remove what was kept before a time for jobs that never came to be."""
    for mark in [one.key for one in objects.list(_MARKS) if one.modified_ms < before_ms]:
        id_, _, nonce = mark.removeprefix(_MARKS).partition("/")
        place = f"{prefix(id_)}{nonce}/"
        with tables.read() as connection:
            wanted = [file for one in store.found(connection, [id_]) for file in one.request.dependencies]
        if not any(file.startswith(OBJECTS + place) for file in wanted):
            for key in [one.key for one in objects.list(place)]:
                objects.delete(key)
        objects.delete(mark)


def _drop(objects: Objects, keys: Iterable[str]) -> None:
    """Delete these; where the objects are away, `sweep` does."""
    with suppress(Unavailable):
        for key in keys:
            objects.delete(key)


def _put(objects: Objects, key: str, file: Path) -> None:
    if file.is_file() and file.stat().st_size > MOST_BYTES:
        told = f"The attachment {file.name!r} is larger than {MOST_BYTES >> 20} MiB."
        raise InvalidInput(told, next_step="Put it where the job can fetch it, and name it as a dependency.")
    objects.put_file(key, file)
