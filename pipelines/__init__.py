"""The lake and what is made of it: Spark jobs, the Dagster assets that run them, checks at every edge."""
