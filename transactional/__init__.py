"""The transactional core: users, listings, calendars and bookings in PostgreSQL, which is the truth."""
