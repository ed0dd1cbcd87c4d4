"""Booking references: short enough to read out, too many to guess.

Ten symbols of Crockford's base 32, which has no I, L, O or U: 2**50 references, so that among a
million bookings a guess hits one in a thousand million tries.
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
BITS_EACH = 5


def new_reference() -> str:
    """Draw a reference from the system's source of secrets."""
    drawn = secrets.randbits(BITS_EACH * LENGTH)
    return "".join(ALPHABET[drawn >> shift & 31] for shift in range(0, BITS_EACH * LENGTH, BITS_EACH))
