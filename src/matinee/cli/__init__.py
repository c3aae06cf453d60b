"""The command `matinee`."""
