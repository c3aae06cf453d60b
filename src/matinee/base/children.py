"""Programs that we start and that must not outlive us."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache


@cache
def dies_with_us() -> tuple[str, ...]:
    """What goes before a command so that the kernel kills it when the thread that started it dies, however that dies.

    It is setpriv of util-linux; nothing where there is none, or one that does not know this.
    """
    program = shutil.which("setpriv")
    if program is None:
        return ()
    known = subprocess.run([program, "--pdeathsig", "KILL", "true"], capture_output=True, check=False)
    return (program, "--pdeathsig", "KILL", "--") if known.returncode == 0 else ()
