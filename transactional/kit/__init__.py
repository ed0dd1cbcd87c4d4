"""What every noun shares: the database, idempotency."""
