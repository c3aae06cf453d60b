"""What workers answer, wherever they are: whether an item went well, and its result or error, pickled."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from typing import Any, cast

Dumps = Callable[[Any, int], bytes]


def loaded(function: bytes | memoryview) -> Callable[[Any], Any]:
    """A function that was pickled; where it cannot be loaded, one that raises the reason for each item."""
    try:
        return cast("Callable[[Any], Any]", pickle.loads(function))  # noqa: S301  from whoever we work for
    except BaseException as error:
        return _Failing(error)


def answer(function: Callable[[Any], Any], item: bytes | memoryview, dumps: Dumps = pickle.dumps) -> tuple[bool, bytes]:
    """Whether it went well; and ``(True, function(item))`` or ``(False, error)``, pickled as the item is."""
    try:
        result = function(pickle.loads(item))  # noqa: S301  from whoever we work for
        return True, dumps((True, result), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        return False, _failure(error, dumps)


class _Failing:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self, _item: Any) -> Any:
        raise self._error


def _failure(error: BaseException, dumps: Dumps) -> bytes:
    """The error as it was, with where it happened as a note; its text alone where it does not pickle."""
    error.add_note("In a worker process:\n" + "".join(traceback.format_tb(error.__traceback__)))
    try:
        data = dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(data)  # noqa: S301  an error with its own __init__ may pickle and not come back
    except Exception:
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        return dumps((False, plain), pickle.HIGHEST_PROTOCOL)
    return data
