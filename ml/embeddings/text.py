"""Which words of a listing are embedded, and the hash that says whether they changed."""

from __future__ import annotations

import hashlib

import pyarrow as pa

DESCRIPTION_CHARACTERS = 600
"""What of a description is read: its opening says what the place is, and time grows with the text."""

_RECIPE = "1"
"""Raised when the words are chosen otherwise, so that every vector is made again."""


def listing_text(*, title: str, neighbourhood: str | None, property_type: str, room_type: str, description: str) -> str:
    """Words of a listing that its vector is made of; lines of what is known, the most telling first."""
    kind = f"{property_type}, {room_type}".replace("_", " ")
    place = f"{kind}, {neighbourhood}" if neighbourhood else kind
    opening = " ".join(description[: 2 * DESCRIPTION_CHARACTERS].split())[:DESCRIPTION_CHARACTERS]
    return "\n".join(part for part in (title.strip(), place, opening) if part)


def listing_texts(listings: pa.Table) -> list[str]:
    """Text of each row of `lodestay.lake.STAGED_LISTINGS`."""
    columns = ("title", "neighbourhood", "property_type", "room_type", "description")
    return [listing_text(**row) for row in listings.select(columns).to_pylist()]


def text_hash(text: str) -> str:
    """32 hexadecimal characters; equal where a vector need not be made again."""
    return hashlib.blake2b(f"{_RECIPE}\n{text}".encode(), digest_size=16).hexdigest()
