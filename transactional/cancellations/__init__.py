"""Cancellations, no-shows and early departures: what goes back, and what it costs whom."""
