"""Contracts of the lake's tables at each edge of the graph, checked with Great Expectations."""
