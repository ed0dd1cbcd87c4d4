"""A listing with its calendar and its reviews."""
