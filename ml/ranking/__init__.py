"""Ranking: which of the listings that fit a guest would book."""
