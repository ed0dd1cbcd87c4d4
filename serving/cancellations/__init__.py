"""Ending a booking early: what would go back, cancel, no-show, early departure."""
