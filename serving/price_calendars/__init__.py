"""What stays cost, day of arrival by day of arrival: in a listing, and in a place."""
