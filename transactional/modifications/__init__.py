"""Modifications: other dates, guests or price for a booking that stands."""
