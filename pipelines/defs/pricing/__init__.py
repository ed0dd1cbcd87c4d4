"""The price models."""
