"""Plans killed at random moments and gone on with, beside one that nobody disturbed."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.encoding.clips import films
from benchmarks.encoding.ways import WORK
from benchmarks.report import Bar, Row, at_least, at_most

FILM = "gotland_sailing_360p24_10s"
KILLS = 50
_SCRIPT = """
import json, sys
from pathlib import Path
from matinee.base.compute.local import LocalCompute
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import prepare
from matinee.encoding.plans.rungs import Placing

if __name__ == "__main__":
    source, work = Path(sys.argv[1]), Path(sys.argv[2])
    goal = Goal(heights=(144, 216), preset="veryfast", placing=Placing(most=4, step=10))
    compute = LocalCompute(2)
    found = plan(prepare(source, "film", work, goal.heights), goal, Priors.of_codec("h264"), work, compute)
    (work / "plan.json").write_text(json.dumps(found.told()))
    compute.close()
"""


def measure(data: Path) -> Iterator[Row]:
    """Kills, results that differ, and finished trials that were made again."""
    film = films(data / "clips", WORK / "films")[FILM]
    rng = random.Random(0)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        script = Path(folder) / "plan.py"
        script.write_text(_SCRIPT)
        begun = time.monotonic()
        _undisturbed(script, film, Path(folder) / "calm")
        length_s, expected = time.monotonic() - begun, _result(Path(folder) / "calm")
        kills = finished = different = repeated = 0
        while kills < KILLS:
            work = Path(folder) / f"disturbed-{finished}"
            died, again = _disturbed(script, film, work, rng, length_s)
            kills, repeated, finished = kills + died, repeated + again, finished + 1
            different += _result(work) != expected
            shutil.rmtree(work)
            print(f"{kills} kills, {finished} finished, {different} different, {repeated} repeated", flush=True)
    yield Row(system="matinee", data=FILM, metric="kills", value=kills)
    yield Row(system="matinee", data=FILM, metric="plans finished after kills", value=finished)
    yield Row(system="matinee", data=FILM, metric="plans or encodes that differ", value=different)
    yield Row(system="matinee", data=FILM, metric="finished trials made again", value=repeated)


def bars(rows: Iterable[Row]) -> list[Bar]:
    """Enough kills, and nothing lost."""
    told = {one.metric: one.value for one in rows}
    return [
        at_least("Kills at random moments", told["kills"], KILLS),
        at_most("Results that differ from an undisturbed one", told["plans or encodes that differ"], 0),
        at_most("Finished trials that were made again", told["finished trials made again"], 0),
    ]


def _undisturbed(script: Path, film: Path, work: Path) -> None:
    work.mkdir()
    subprocess.run([sys.executable, str(script), str(film), str(work)], check=True)


def _disturbed(script: Path, film: Path, work: Path, rng: random.Random, length_s: float) -> tuple[int, int]:
    """Plan until it is finished, killing it again and again; how many kills, and how many trials were repeated."""
    work.mkdir()
    kills, seen = 0, dict[Path, int]()
    while not (work / "plan.json").exists():
        child = subprocess.Popen([sys.executable, str(script), str(film), str(work)], start_new_session=True)
        with suppress(subprocess.TimeoutExpired):
            child.wait(rng.uniform(0, length_s))
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            kills += 1
        child.wait()
        time.sleep(0.5)  # what it had started dies with it
        for path in work.glob("trials/*/*.json"):
            seen.setdefault(path, path.stat().st_mtime_ns)
    return kills, sum(path.stat().st_mtime_ns != at for path, at in seen.items())


def _result(work: Path) -> list[object]:
    """The plan but for the time that it took, and the bytes of all its encodes."""
    told = json.loads((work / "plan.json").read_text())
    keys = sorted({key for rung in told["rungs"] for key in rung["trials"]})
    for name in ("spent", "source"):
        del told[name]
    return [told, [(work / "trials" / key[:2] / f"{key[2:]}.mp4").read_bytes() for key in keys]]
