"""Bookings: hold, confirm, cancel."""
