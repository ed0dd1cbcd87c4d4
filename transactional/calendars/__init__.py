"""Calendars: rates, stay rules and occupancy."""
