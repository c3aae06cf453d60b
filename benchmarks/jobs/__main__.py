"""Run the benchmark of jobs and write its report: ``make bench B=jobs``.

Parts can be run alone (``ARGS="rates"``); the report then keeps the other parts of the last run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.report import Report
from benchmarks.runner import kept_of, run

HERE = Path(__file__).parent
WORK = HERE / "work"
PARTS: Mapping[str, str] = {
    "rates": "short jobs a second, how soon a lone one begins, and what an idle agent takes",
    "kills": "a hundred kills of servers and agents at random moments",
    "partition": "a machine that is cut off from the database, and jobs that must not run in two places",
    "graphs": "the scheduler's own time for a graph of a thousand jobs",
    "nightly": "the nightly workflow, killed in the middle of every step in turn",
}


def main(names: list[str]) -> None:
    """Run the parts named, or all, and write the report."""
    run("benchmarks.jobs", PARTS, names, HERE, WORK)
    report = Report(
        title="Jobs",
        intro="A thousand jobs that run `true`, submitted by sixteen threads of one process; agents with thirty-two "
        "slots each, in processes of their own, on two cores that they share with the database and the jobs. Of a "
        "hundred kills each strikes a server or one of two agents, while jobs that print thirty lines are submitted "
        "over HTTP. Nights train on a thousand viewers of five hundred films and publish; half way through a step the "
        "agent, or the step's own processes, are killed with SIGKILL. Run it with `make bench B=jobs`.",
        packages=("matinee", "dbos", "sqlalchemy", "psycopg", "psutil"),
    )
    for rows, bars in kept_of(PARTS, WORK).values():
        report.rows += rows
        report.bars += bars
    report.notes = [
        "On PostgreSQL a job takes some 6 to 8 ms of these two cores: 2.5 to 4 of its agent, 2 to 2.7 bash and the "
        "program, 1 the database, 1 whoever submits. With sixteen slots it is 160 to 190 a second, and the processors "
        "are idle for a fifth of the time. Right after the folders of thousands of jobs were deleted it is as few as "
        "88: for minutes ext4 passes over inodes that were deleted of late and looks for others, which makes every "
        "new file dear. So nothing is deleted here before all is measured. "
        "SQLite and PostgreSQL both write through to the disk. Jobs that may not run twice, and whose agent or program "
        "was killed, are FAILED: that is what they asked for."
    ]
    report.write(HERE)


if __name__ == "__main__":
    main(sys.argv[1:])
