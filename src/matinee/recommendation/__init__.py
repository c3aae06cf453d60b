"""Which titles for this viewer, in which rows, and why."""
