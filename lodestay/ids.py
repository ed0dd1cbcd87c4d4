"""Identifiers: time-ordered UUIDs for rows, keyed hashes for people."""

from __future__ import annotations

import hashlib
import hmac
import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """Make a UUIDv7 (RFC 9562): unique, and ordered by time of making so that indexes stay compact."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def pseudonym(key: str, *parts: str) -> str:
    """Keyed hash (HMAC-SHA256, 32 hex digits) that stands for a person without naming them.

    The same person gets the same pseudonym under the same key; without the key it cannot be traced back.
    """
    return hmac.new(key.encode(), "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()[:32]
