"""From a clean clone to the first page of the demo: a new clone, new caches, `make demo`, and a second time.

python -m benchmarks.house.fresh
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Row, at_most

REPOSITORY = Path(__file__).parents[2]
PORT = 8377
PATIENCE_S = 900


def measure() -> list[Row]:
    """Seconds to the first page: of a clean clone with nothing cached, and of the second run."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "matinee"
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        # Nothing that an earlier installation left on this machine may help.
        caches = {"UV_CACHE_DIR": folder + "/uv", "PIP_NO_CACHE_DIR": "1", "npm_config_cache": folder + "/npm"}
        environ = {**os.environ, **caches}
        environ.pop("VIRTUAL_ENV", None)
        first, second = (_first_page(clone, environ) for _ in range(2))
    return [
        Row(system="matinee", data="demo", metric="clean clone to first page", value=first, unit="s"),
        Row(system="matinee", data="demo", metric="second run to first page", value=second, unit="s"),
    ]


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Six minutes, then fifteen seconds."""
    first, second = rows
    return [
        at_most("clean clone to the first page of the demo", first.value, 360, "s"),
        at_most("second run of the demo to its first page", second.value, 15, "s"),
    ]


def _first_page(clone: Path, environ: dict[str, str]) -> float:
    start = time.monotonic()
    demo = subprocess.Popen(
        ["make", "demo", f"ARGS=--port {PORT}"],
        cwd=clone,
        env=environ,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _answers():
            if demo.poll() is not None:
                sys.exit(f"`make demo` ended with {demo.returncode} before it served anything.")
            if time.monotonic() - start > PATIENCE_S:
                sys.exit(f"`make demo` served nothing within {PATIENCE_S} s.")
            time.sleep(0.1)
        return time.monotonic() - start
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGINT)
            demo.wait(60)


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=10) as page:
            return b"</html>" in page.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


if __name__ == "__main__":
    assert shutil.which("make")
    for row in measure():
        print(row)
