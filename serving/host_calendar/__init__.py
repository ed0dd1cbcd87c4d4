"""What hosts do to their own calendars."""
