"""Definitions that Dagster loads by itself: one folder a subject."""
