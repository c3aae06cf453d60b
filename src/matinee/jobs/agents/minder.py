"""What outlives an agent by a moment: when its standard input closes, the agent is dead, and its jobs are killed.

python -m matinee.jobs.agents.minder AGENT
"""

from __future__ import annotations

import subprocess
import sys

from matinee.jobs.attempts.process import sweep


def start(agent: str) -> subprocess.Popen[bytes]:
    """Have an agent minded; it ends when its input is closed, by the agent or by the agent's end."""
    command = [sys.executable, "-m", "matinee.jobs.agents.minder", agent]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    sweep(sys.argv[1])
