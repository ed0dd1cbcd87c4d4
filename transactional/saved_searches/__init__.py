"""Saved searches: what a guest waits for, which listings match it, and what they were told."""
