"""Saved searches: kept from what was asked, held against what changes, told as alerts."""
