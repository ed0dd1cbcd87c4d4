"""The relay: what changes in PostgreSQL reaches the live index within a second (``python -m serving.relay``)."""
