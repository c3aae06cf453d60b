"""One attempt of a job on a machine: its folder, its script, its processes and what it leaves."""
