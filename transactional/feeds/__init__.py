"""Calendar feeds: iCalendar in and out."""
