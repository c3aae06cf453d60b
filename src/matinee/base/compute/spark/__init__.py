"""Compute on a Spark cluster. The package pyspark and Java are needed here alone, and imported only then."""
