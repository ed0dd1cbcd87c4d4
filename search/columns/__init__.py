"""The listings as columns in memory, and one compiled pass over them that answers a search exactly."""
