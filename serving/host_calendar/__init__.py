"""What hosts do to their own calendars, and to their listings' place on the market."""
