"""The ledger: double entries, each transaction netting to zero in every currency."""
