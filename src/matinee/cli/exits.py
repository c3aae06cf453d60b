"""Exit codes, in one place. 0 is success, 1 a result that says no, 130 an interruption."""

from __future__ import annotations

from matinee.base.errors import Conflict, InvalidInput, MatineeError, NotAllowed, NotFound, SettingsError, Unavailable

INTERRUPTED = 130
_CODES = ((SettingsError, 2), (InvalidInput, 3), (NotFound, 4), (Conflict, 5), (Unavailable, 6), (NotAllowed, 7))


def exit_code(error: MatineeError) -> int:
    """2 settings or usage, 3 input, 4 not found, 5 conflict, 6 unavailable, 7 not allowed, 1 anything else."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)
