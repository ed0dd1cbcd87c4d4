"""Guards taken out one by one, to see whether a test notices."""
