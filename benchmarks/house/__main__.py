"""Run the benchmark of the house and write its report: ``make bench B=house``.

Parts can be run alone (``ARGS="import pages"``); the report then keeps the other parts of the last run, which lie in
``work/``. ml-1m is needed for import, pages and taste: name its folder in MATINEE_TEST_DATA.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks.house import als, bus, checks, fresh, importing, pages
from benchmarks.report import Bar, Report, Row, commit

HERE = Path(__file__).parent
WORK = HERE / "work"
NOTES = HERE / "notes.md"
PLOT = "pages.svg"
Part = Callable[[], tuple[list[Row], list[Bar]]]


def data() -> Path:
    """The folder of real data."""
    named = os.environ.get("MATINEE_TEST_DATA")
    folder = Path(named) if named else HERE.parents[2] / "shared" / "data"
    if not (folder / "movielens" / "ml-1m.zip").is_file():
        sys.exit("ml-1m is not on this machine: name the folder of real data in MATINEE_TEST_DATA.")
    return folder


def _fresh() -> tuple[list[Row], list[Bar]]:
    rows = fresh.measure()
    return rows, fresh.bars(rows)


def _import_and_pages() -> tuple[list[Row], list[Bar]]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "cinema"
        imported = importing.measure(data() / "movielens" / "ml-1m.zip", workspace)
        served = pages.measure(workspace, picture=HERE / PLOT)
    return [*imported, *served], [*importing.bars(imported), *pages.bars(served)]


def _bus() -> tuple[list[Row], list[Bar]]:
    rows = bus.measure()
    return rows, bus.bars(rows)


def _taste() -> tuple[list[Row], list[Bar]]:
    return als.measure(data() / "movielens" / "ml-1m-extras.zip"), []


def _checks() -> tuple[list[Row], list[Bar]]:
    rows = checks.measure()
    return rows, checks.bars(rows)


PARTS: dict[str, Part] = {
    "fresh": _fresh,
    "pages": _import_and_pages,
    "bus": _bus,
    "taste": _taste,
    "checks": _checks,
}


def main(names: list[str]) -> None:
    """Run the parts named, or all, and write the report."""
    if unknown := set(names) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    WORK.mkdir(exist_ok=True)
    for name in names or PARTS:
        print(f"== {name}", flush=True)
        speed = Row(system="this machine", data=name, metric="ten million additions", value=_loop_s(), unit="s")
        rows, bars = PARTS[name]()
        rows.insert(0, speed)
        kept = {"commit": commit(), "rows": [asdict(row) for row in rows], "bars": [asdict(bar) for bar in bars]}
        (WORK / f"{name}.json").write_text(json.dumps(kept))
        for bar in bars:
            print(f"{'met ' if bar.met else 'MISS'} {bar.bar}: {bar.value:.4g} ({bar.target})", flush=True)
    report().write(HERE)


def _loop_s() -> float:
    """Processor seconds of a plain loop: how quick the machine is at this moment, for who reads the figures."""
    begun = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - begun


def report() -> Report:
    """What all parts measured, the latest of each."""
    found = Report(
        title="The house",
        intro="Set-up, import, pages, the bus, the browser and the API, each measured as a user meets it. "
        "Run it with `make bench B=house`.",
        packages=("matinee", "numpy", "scipy", "sqlalchemy", "fastapi", "uvicorn", "implicit", "nats-py", "playwright"),
        seeds=(0, 1, 2),
    )
    for name in PARTS:
        if (path := WORK / f"{name}.json").exists():
            kept = json.loads(path.read_text())
            found.rows += [Row(**row) for row in kept["rows"]]
            found.bars += [Bar(**bar) for bar in kept["bars"]]
    if (HERE / PLOT).exists():
        found.pictures = [(PLOT, "Which share of the home pages came within which time")]
    if NOTES.exists():
        found.notes = [NOTES.read_text().strip()]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
