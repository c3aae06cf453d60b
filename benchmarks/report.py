"""What every benchmark writes beside itself: `report.json` for machines and `report.md` for people."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement."""

    system: str
    """Who was measured: ``matinee`` or a peer."""
    data: str
    metric: str
    value: float
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A promise, and whether it was kept."""

    bar: str
    value: float
    target: str
    met: bool


def at_most(bar: str, value: float, target: float, unit: str = "") -> Bar:
    """A bar that is met where the value is no greater than the target."""
    return Bar(bar=bar, value=value, target=f"at most {target:g} {unit}".rstrip(), met=value <= target)


def at_least(bar: str, value: float, target: float, unit: str = "") -> Bar:
    """A bar that is met where the value is no less than the target."""
    return Bar(bar=bar, value=value, target=f"at least {target:g} {unit}".rstrip(), met=value >= target)


@dataclass
class Report:
    """A run: what was measured, on what."""

    title: str
    intro: str
    packages: Sequence[str]
    """Distributions whose versions matter."""
    seeds: Sequence[int] = ()
    rows: list[Row] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Paragraphs of Markdown: what the figures mean, and where we lose."""
    pictures: list[tuple[str, str]] = field(default_factory=list)
    """``(file name, what it shows)`` of plots beside the report."""

    def write(self, folder: Path) -> None:
        """Write both files into `folder`."""
        facts: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in self.packages}},
            "seeds": list(self.seeds),
        }
        measured = {"rows": [asdict(row) for row in self.rows], "bars": [asdict(bar) for bar in self.bars]}
        (folder / "report.json").write_text(json.dumps({**facts, **measured}, indent=1) + "\n")
        (folder / "report.md").write_text("\n".join(self._lines(facts)) + "\n")

    def _lines(self, facts: dict[str, Any]) -> Iterable[str]:
        yield from (f"# {self.title}", "", self.intro, "")
        yield f"{facts['date']}; {facts['machine']}."
        yield "; ".join(f"{name} {number}" for name, number in facts["versions"].items()) + "."
        if self.seeds:
            yield f"Seeds: {', '.join(map(str, self.seeds))}."
        if self.bars:
            yield from ("", "## Bars", "", "| bar | measured | target | met |", "| --- | ---: | --- | --- |")
            for bar in self.bars:
                yield f"| {bar.bar} | {_number(bar.value)} | {bar.target} | {'yes' if bar.met else '**no**'} |"
        yield from (
            "",
            "## Measured",
            "",
            "| system | data | metric | value | unit |",
            "| --- | --- | --- | ---: | --- |",
        )
        for row in self.rows:
            yield f"| {row.system} | {row.data} | {row.metric} | {_number(row.value)} | {row.unit} |"
        for name, shows in self.pictures:
            yield from ("", f"![{shows}]({name})")
        for note in self.notes:
            yield from ("", note)


def machine() -> str:
    """Processor, cores and memory of this machine, in words."""
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines_of("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} cores of {cpu}, {memory:.0f} GiB, {platform.system()} {platform.machine()}"


def commit() -> str:
    """The commit that stands checked out, shortened; empty outside git."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _lines_of(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
