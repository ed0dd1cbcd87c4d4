"""Markets: a city with its currency, time zone and fees."""
