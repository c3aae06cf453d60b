"""A Spark cluster on this machine, kept up for jobs and for `compute`."""
