"""The command ``matinee``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code (see `matinee.cli.exits`)."""
    from matinee.cli.run import run

    sys.exit(run(sys.argv[1:]))
