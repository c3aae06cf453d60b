"""Runs the parts of a benchmark one by one, keeps what each measured, and writes the report of all."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.report import Bar, Row, commit


def real_data(here: Path, needed: str) -> Path:
    """The folder of real data, where `needed` has to be: named in MATINEE_TEST_DATA, or beside the checkout."""
    named = os.environ.get("MATINEE_TEST_DATA")
    folder = Path(named) if named else here.parents[2] / "shared" / "data"
    if not (folder / needed).exists():
        sys.exit(f"{needed} is not on this machine: name the folder of real data in MATINEE_TEST_DATA.")
    return folder


def run(package: str, parts: Mapping[str, str], names: Iterable[str], data: Path, work: Path) -> None:
    """Run the parts named, or all; each is a module of `package` with `measure(data)` and `bars(rows)`."""
    if unknown := set(names) - set(parts):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}.")
    work.mkdir(exist_ok=True)
    for name in names or parts:
        print(f"== {name}: {parts[name]}", flush=True)
        part, begun = import_module(f"{package}.{name}"), time.monotonic()
        rows: list[Row] = list(part.measure(data))
        bars: list[Bar] = list(part.bars(rows))
        rows.insert(0, Row(system="this part", data=name, metric="duration", value=time.monotonic() - begun, unit="s"))
        kept = {"commit": commit(), "rows": [asdict(row) for row in rows], "bars": [asdict(bar) for bar in bars]}
        (work / f"{name}.json").write_text(json.dumps(kept))
        for bar in bars:
            print(f"{'met ' if bar.met else 'MISS'} {bar.bar}: {bar.value:.4g} ({bar.target})", flush=True)


def kept_of(parts: Iterable[str], work: Path) -> dict[str, tuple[list[Row], list[Bar]]]:
    """What each part measured when it ran last."""
    found = {}
    for name in parts:
        if (path := work / f"{name}.json").exists():
            kept = json.loads(path.read_text())
            found[name] = [Row(**row) for row in kept["rows"]], [Bar(**bar) for bar in kept["bars"]]
    return found
