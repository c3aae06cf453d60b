"""``python -m matinee`` is ``matinee``."""

from matinee.cli import main

main()
