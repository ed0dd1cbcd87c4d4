"""Search: retrieve, rank, confirm, explain, log."""
