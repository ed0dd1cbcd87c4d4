"""The lookout: whether the search shows what PostgreSQL refuses, or misses what it takes."""
