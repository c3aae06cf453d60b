"""Faults of Spark as our own errors, which say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark.errors import PySparkException

from matinee.base.errors import InvalidInput, MatineeError, Unavailable

_LOST = re.compile(r"most recent failure: Lost task \S+ in stage \S+ \(TID \d+\) \(.*?\): (.*)", re.DOTALL)
_GONE = re.compile(r"SparkContext (was|has been) (shut down|shutdown|stopped)|stopped SparkContext", re.IGNORECASE)


_BLAMED = re.compile(r"\[(?!INTERNAL_ERROR)[A-Z_]+[.\]]")
"""What Spark's messages about queries begin with: https://spark.apache.org/docs/latest/sql-error-conditions.html"""


@contextmanager
def explained(master: str, *, query: bool = False) -> Iterator[None]:
    """Raise what Spark raises in the block as `Unavailable`, and as `InvalidInput` where a query is to blame."""
    try:
        yield
    except MatineeError:
        raise
    except (PySparkException, Py4JError, OSError) as error:
        raise _told(error, master, query=query) from None


def _told(error: Exception, master: str, *, query: bool) -> MatineeError:
    text = str(error.java_exception.getMessage()) if isinstance(error, Py4JJavaError) else str(error).strip()
    if isinstance(error, Py4JNetworkError | OSError) or _GONE.search(text):
        return Unavailable(
            f"The Spark at {master} has ended our session.", next_step="See its master's log, then run this again."
        )
    if query and _BLAMED.match(text):
        return InvalidInput(f"The query cannot be answered: {text}", next_step="Mend it and ask again.")
    lost = _LOST.search(text)
    return Unavailable(
        f"A worker of the Spark at {master} was lost each time it was tried: {_last_words(lost[1] if lost else text)}",
        next_step="Memory may have run out there: ask for fewer workers, or look at that item.",
    )


def _last_words(text: str) -> str:
    """The line that tells most: the last of a Python traceback, the first of anything else."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("\tat ", "Driver stack"))]
    told = next((line for line in reversed(lines) if "Error: " in line), "") if "Traceback" in text else ""
    return told or lines[0].removeprefix("org.apache.spark.SparkException: ").partition(" Consider setting")[0]
