"""Run the benchmark of compute and write its report: ``make bench B=compute``.

Parts can be run alone (``ARGS="answers"``); the report then keeps the other parts of the last run, which lie in
``work/``. The real data's folder is named in MATINEE_TEST_DATA, or lies in ``shared/data`` beside the checkout.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.report import Report
from benchmarks.runner import kept_of, real_data, run

HERE = Path(__file__).parent
WORK = HERE / "work"
NOTES = HERE / "notes.md"
PARTS: Mapping[str, str] = {
    "answers": "the same work here and on Spark, where a worker is killed in the middle of each",
    "growth": "time and memory by the number of interactions, here and on Spark",
}
"""By name, which is that of a module, what each part measures."""


def main(names: list[str]) -> None:
    """Run the parts named, or all, and write the report."""
    run("benchmarks.compute", PARTS, names, real_data(HERE, "movielens/ml-1m.zip"), WORK)
    report().write(HERE)


def report() -> Report:
    """What all parts measured, the latest of each."""
    found = Report(
        title="Compute",
        intro="The same work on this machine (`local://?workers=2`) and on a Spark cluster of two workers of one core "
        "each on the same machine (`spark://`). Run it with `make bench B=compute`.",
        packages=("matinee", "duckdb", "numpy", "pyarrow", "pyspark", "torch"),
        seeds=(0, 1, 2),
    )
    for rows, bars in kept_of(PARTS, WORK).values():
        found.rows += rows
        found.bars += bars
    found.notes = [NOTES.read_text().strip()] if NOTES.exists() else []
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
