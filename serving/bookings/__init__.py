"""Bookings: hold, confirm, cancel, look."""
