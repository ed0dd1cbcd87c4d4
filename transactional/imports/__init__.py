"""Imports: supply from files into the marketplace, whole or not at all."""
