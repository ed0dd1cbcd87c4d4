"""Quotes: a price for a stay, fixed for a while."""
