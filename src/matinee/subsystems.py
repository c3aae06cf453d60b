"""The table of contents: every subsystem, with one sentence, its settings and its command group."""
