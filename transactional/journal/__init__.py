"""The journal: every change of every booking, appended and chained."""
