"""Logs: standard `logging` under the name ``matinee``, as text for people or JSON lines for machines.

Modules write ``logger = logging.getLogger(__name__)``. A library does not configure logging; the command does, here.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Literal

import orjson

from matinee.base.clock import to_iso

Form = Literal["text", "json"]


class JsonFormatter(logging.Formatter):
    """One JSON object per record: time, level, logger, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line without its newline."""
        row = {
            "time": to_iso(round(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            row["error"] = "".join(traceback.format_exception(*record.exc_info))
        return orjson.dumps(row).decode()


def configure(level: int = logging.INFO, form: Form = "text") -> None:
    """Send Matinee's logs to standard error. Called once, by whoever owns the process."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    logger = logging.getLogger("matinee")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
