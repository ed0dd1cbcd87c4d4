"""Requests to book: the guest asks, the host answers."""
