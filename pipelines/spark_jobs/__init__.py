"""Spark jobs: each runs by hand (``python -m pipelines.spark_jobs.<job>``) as it runs under Dagster.

A job is a `main` that reads, writes and reports, around pure functions from data frame to data frame.
Dagster is known only through Pipes.
"""
