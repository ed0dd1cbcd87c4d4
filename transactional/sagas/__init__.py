"""Sagas: work over several systems, step by step, undone where it cannot be finished."""
