"""Secrets under which a listing's calendar is given out: pure.

A secret is the keyed hash of its number, 256 bits that nobody without the platform's key can guess. So it
can be told again to whoever repeats the call that made it, while the database holds only its hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

LENGTH = 43
"""Characters of 256 bits in URL-safe base64."""


def token_of(token_id: UUID, *, key: str) -> str:
    """The secret of a number."""
    digest = hmac.digest(key.encode(), b"calendar-token:" + token_id.bytes, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hash_of(token: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()
