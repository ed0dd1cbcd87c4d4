"""What lets an event in: a result carries a proof that it was shown, and an event about it brings the proof back.

Anybody may search, so anybody may tell of a result that they got: events need no token. Nobody can tell
of a listing, a place in the order or a search that there never was.
"""

from __future__ import annotations

import hmac
from uuid import UUID

from lodestay.ids import pseudonym

PROOF_LENGTH = 32


def prove(key: str, *, search_id: UUID, listing_id: int, position: int) -> str:
    """Sign that a search showed a listing at a position; says nothing to who has no key.

    Parameters
    ----------
    key
        The service's own.
    """
    return pseudonym(key, "shown", str(search_id), str(listing_id), str(position))


def is_proven(proof: str, key: str, *, search_id: UUID, listing_id: int, position: int) -> bool:
    """Whether this service signed that."""
    expected = prove(key, search_id=search_id, listing_id=listing_id, position=position)
    return hmac.compare_digest(proof.encode(), expected.encode())
