"""What was asked for, in the one form in which equal wishes of many guests are counted."""

from __future__ import annotations

import unicodedata
from typing import Final

from lodestay.masking import mask_contacts

MAX_ASKED: Final = 100
"""Letters above which a wish is nobody else's."""


def asked_of(text: str | None) -> str | None:
    """Bring a wish into the form it is counted in: one spelling of letters, no case, single spaces.

    It says nothing of the language and drops none of the letters: accents and scripts stay. None for what is
    counted with nobody's: nothing, a text longer than :data:`MAX_ASKED`, and one that holds a contact.
    """
    if text is None or mask_contacts(text) != text:
        return None
    spelled = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    asked = " ".join("".join(c if _is_shown(c) else " " for c in spelled).split())
    # What looks apart can be a contact once it is written in plain letters: full-width digits, say.
    if not asked or len(asked) > MAX_ASKED or mask_contacts(asked) != asked:
        return None
    return asked


def _is_shown(character: str) -> bool:
    """Whether it can be seen; joiners inside of words and emoji are part of what is."""
    return unicodedata.category(character)[0] not in "ZC" or character in "\u200c\u200d"
