"""Processes that take jobs from the queue, run them on their machine, and mind each other."""
