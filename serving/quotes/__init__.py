"""Quotes: what a stay costs, kept for a while."""
