"""Listings: what there is to stay in."""
