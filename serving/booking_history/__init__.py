"""What happened to a booking, and what it was at an instant."""
