"""The double-entry ledger: who owes whom what of a booking, in postings that net to zero."""
