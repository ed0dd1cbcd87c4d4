"""Webhooks: what a payment processor says by itself, kept before it is understood."""
