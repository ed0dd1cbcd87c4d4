"""Controlled vocabularies: amenities and property types, with the words that mean them."""
