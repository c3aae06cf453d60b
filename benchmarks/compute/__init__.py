"""What compute comes to, on one machine and on a Spark cluster."""
