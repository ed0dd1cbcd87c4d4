"""Users and host profiles, by pseudonym."""
