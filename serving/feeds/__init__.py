"""Calendars of other sites in, and a listing's own out."""
