"""Cancellations: policies as data, refunds by component."""
