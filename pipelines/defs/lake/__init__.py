"""PostgreSQL and event files → the raw and staged tables."""
