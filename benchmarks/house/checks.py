"""The bars that are tests: the browser, the API under Schemathesis, the help of every command.

They run as anybody runs them, through pytest; what is counted is its own report.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET  # our own pytest's report
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Row

SUITES = {
    "browser: playing, throttling, rows, axe-core": ["tests/browser"],
    "the first run on real input, in a browser": ["tests/workflows/test_first_run.py"],
    "Schemathesis over the whole API": ["tests/server/test_schema.py"],
    "--help on every command": ["tests/cli/test_commands.py", "-k", "help"],
}


def measure() -> list[Row]:
    """Passed, failed and skipped tests of each suite."""
    rows = []
    for name, arguments in SUITES.items():
        for metric, value in _counts(arguments).items():
            rows.append(Row(system="matinee", data=name, metric=metric, value=value, unit="tests"))
    return rows


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Every suite ran, and nothing in it failed or was skipped."""
    found = []
    for name in SUITES:
        count = {row.metric: row.value for row in rows if row.data == name}
        bad = count["failed"] + count["skipped"]
        met = bad == 0 and count["passed"] > 0
        found.append(Bar(bar=name, value=bad, target="no test fails or is skipped", met=met))
    return found


def _counts(arguments: Sequence[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", *arguments, f"--junitxml={report}", "-p", "no:cacheprovider"]
        subprocess.run(command, check=False, stdout=sys.stderr)
        suite = ET.parse(report).getroot().find("testsuite")
    assert suite is not None
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    skipped = int(suite.get("skipped", 0))
    return {"passed": int(suite.get("tests", 0)) - failed - skipped, "failed": failed, "skipped": skipped}


if __name__ == "__main__":
    for row in measure():
        print(row)
