"""Contacts masked in free text: e-mail and web addresses, phone numbers.

Whatever people write may hold them; nothing that they wrote goes on with them inside.
"""

from __future__ import annotations

import re
from typing import Final

EMAIL: Final = "[e-mail]"
ADDRESS: Final = "[link]"
PHONE: Final = "[phone]"

_EMAIL: Final = re.compile(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+\s?(?:\.|\(dot\)|\[dot\])\s?[\w.-]*\w", re.IGNORECASE
)
_URL: Final = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|be|nl|se|sg|au|io|eu|fr|de|co|me|info)\b(?:/\S*)?",
    re.IGNORECASE,
)
# Eight digits or more that hang together, with what people put between them; dates and years stay.
_PHONE: Final = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d[\d\s().\-/]{6,}\d(?!\w)")
# Numbers that are no phone's: dates, years, spans of years, hours, hours of opening.
_INNOCENT: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:19|20)\d\d(?:[-/](?:19|20)\d\d)?"
    r"|\d{1,2}\.\d{2}(?:-\d{1,2}\.\d{2})?"
)
_BETWEEN: Final = re.compile(r"\s+(?:[-/]\s+)?")
# Nothing is an address without one of these: a quick look that spares most texts the slow patterns.
_LIKE_ADDRESS: Final = re.compile(r"\w\s?\.\w|@|\Wat\W|://", re.IGNORECASE)
_PHONE_DIGITS: Final = 8


def mask_contacts(raw: str) -> str:
    """Replace e-mail addresses, web addresses and phone numbers."""
    masked = _URL.sub(ADDRESS, _EMAIL.sub(EMAIL, raw)) if _LIKE_ADDRESS.search(raw) else raw
    return _PHONE.sub(_phone, masked)


def _phone(match: re.Match[str]) -> str:
    found = match.group()
    if sum(c.isdigit() for c in found) < _PHONE_DIGITS:
        return found
    strange = [part for part in _BETWEEN.split(found.strip()) if not _INNOCENT.fullmatch(part)]
    return PHONE if len("".join(strange)) > 1 else found
