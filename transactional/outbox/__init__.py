"""The outbox: a row with every change of a listing and what is its, read in commit order."""
