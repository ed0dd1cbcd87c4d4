"""The outbox: a row with every change, read in commit order."""
