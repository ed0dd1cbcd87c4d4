"""A marketplace whose truth is known: supply, guests, and what they did, all from a seed."""
