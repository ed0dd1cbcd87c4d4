"""Alembic migrations of the transactional schema."""
