"""Every error that Matinee raises on purpose.

    MatineeError                 catch this to catch them all
    ├── SettingsError            a setting is unknown, of the wrong type, or contradicts another
    ├── InvalidInput             a file, a row or a request cannot be understood
    ├── NotFound                 the thing named does not exist
    ├── Conflict                 it exists already, or somebody else is changing it now
    ├── Unavailable              a server, a program, the disk or an optional package is missing or full
    └── NotAllowed               this person may not do that

A message is one sentence that says what was wrong and where, and, in `next_step`, what to do. The
command line turns the class into an exit code (`matinee.cli.exits`) and the server into an HTTP status
(`matinee.server.errors`), each in one place. Programming faults are not in this tree: they pass through
as they are.
"""

from __future__ import annotations


class MatineeError(Exception):
    """Base of all errors that Matinee raises on purpose."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class SettingsError(MatineeError):
    """A setting is unknown, of the wrong type, or contradicts another."""


class InvalidInput(MatineeError):
    """A file, a row or a request cannot be understood."""


class NotFound(MatineeError):
    """The thing named does not exist."""


class Conflict(MatineeError):
    """It exists already, or somebody else is changing it now."""


class Unavailable(MatineeError):
    """A server, a program, the disk or an optional package is missing or full."""


class NotAllowed(MatineeError):
    """Forbidden to this person."""
