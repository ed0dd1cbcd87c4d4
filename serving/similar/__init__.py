"""Listings like another, free for the same stay."""
