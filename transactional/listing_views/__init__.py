"""Listings that signed-in users looked at lately: theirs alone, and theirs to clear."""
