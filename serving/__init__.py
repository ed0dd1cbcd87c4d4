"""The web service: search, quotes, bookings, prices, and the relay that keeps the index live."""
