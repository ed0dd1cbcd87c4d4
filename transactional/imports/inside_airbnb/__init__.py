"""Inside Airbnb: a city's listings, calendar, reviews and neighbourhoods in any format since 2017."""
