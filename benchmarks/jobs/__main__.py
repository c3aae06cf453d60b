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
        intro="A thousand jobs that run `true`, submitted by sixteen threads of one process; agents with thirty-two slots "
        "each, in processes of their own, on two cores that they share with the database and the jobs. Of a hundred "
        "kills each strikes a server or one of two agents, while jobs that print thirty lines are submitted over HTTP. "
        "Nights train on a thousand viewers of five hundred films and publish; half way through a step the agent, or "
        "the step's own processes, are killed with SIGKILL. Run it with `make bench B=jobs`.",
        packages=("matinee", "dbos", "sqlalchemy", "psycopg", "psutil"),
    )
    for rows, bars in kept_of(PARTS, WORK).values():
        report.rows += rows
        report.bars += bars
    report.notes = [
        "PostgreSQL with two agents stays below its bar in this run. A job takes some 15 ms of these two cores, of "
        "which 4.5 are bash and the program, 2 the database, 1.5 whoever submits and 7 the agents; 150 a second leave "
        "13. The host matters as much as the code: in trials by hand, all else stopped or idle, one and the same "
        "commit gave between 96 and 157 a second within three hours, at 19 and 10 ms a job. "
        "SQLite and PostgreSQL both write through to the disk. Jobs that may not run twice, and whose agent or program "
        "was killed, are FAILED: that is what they asked for."
    ]
    report.write(HERE)


if __name__ == "__main__":
    main(sys.argv[1:])
