"""Booking references: short enough to read out, too many to guess.

Ten symbols of Crockford's base 32, which has no I, L, O or U: 2**50 references, so that among a
million bookings a guess hits one in a thousand million tries.
"""

from __future__ import annotations

import secrets

from transactional.bookings.errors import InvalidReference

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_reference() -> str:
    """Draw a reference from the system's source of secrets."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def parse_reference(text: str) -> str:
    """Read a reference as people write it: small letters, dashes, O for 0 and I or L for 1.

    Raises
    ------
    InvalidReference
        Anything else.
    """
    reference = text.upper().translate(_LOOK_ALIKES)
    if len(reference) != LENGTH or not set(reference) <= set(ALPHABET):
        raise InvalidReference(
            f"{text[:40]!r} is not a booking reference.", hint=f"A reference has {LENGTH} letters and digits."
        )
    return reference
