"""The home page with all that it does now: reasons, variety, calibration, weariness, the moment and exploration.

    python -m benchmarks.recommendation page

The measurement is that of the house, over ml-1m trained with default settings.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.house import importing, pages
from benchmarks.report import Bar, Row, at_most


def measure(folder: Path) -> list[Row]:
    """Milliseconds of a page, and pages a second."""
    with tempfile.TemporaryDirectory() as made:
        workspace = Path(made) / "cinema"
        importing.measure(folder / "ml-1m.zip", workspace)
        return pages.measure(workspace)


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Sixty milliseconds at worst."""
    found = {row.metric: row.value for row in rows}
    return [at_most("home page of ml-1m with the full page, p99", found["home page, one client: p99"], 60, "ms")]
