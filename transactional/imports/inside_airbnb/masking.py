"""Personal data masked at the door: names, e-mail and web addresses, phone numbers.

Hosts and reviewers become keyed hashes (:func:`lodestay.ids.pseudonym`); their names are taken out of
the free texts that concern them, because guests write "thank you Belinda" and hosts sign what they
write. A name that is an everyday word in the same texts ("Sunny", "Home") is no name and stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

EMAIL: Final = "[e-mail]"
ADDRESS: Final = "[link]"
PHONE: Final = "[phone]"
HOST: Final = "[host]"
GUEST: Final = "[guest]"

_EMAIL: Final = re.compile(r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+\s?(?:\.|\(dot\)|\[dot\])\s?[\w.-]*\w", re.IGNORECASE)
_URL: Final = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|be|nl|se|sg|au|io|eu|fr|de|co|me|info)\b(?:/\S*)?",
    re.IGNORECASE,
)
# Eight digits or more that hang together, with what people put between them; dates and years stay.
_PHONE: Final = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d[\d\s().\-/]{6,}\d(?!\w)")
_DATE: Final = re.compile(r"^(\d{4}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{1,2}|\d{1,2}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{2,4}|\d{4}\s*[-/]\s*\d{4})$")
_TAG: Final = re.compile(r"<\s*/?\s*\w+\s*/?>")
_BLANK_LINES: Final = re.compile(r"\s*\n\s*")
_WORD: Final = re.compile(r"[^\W\d_][\w'\u2019-]+")

_PHONE_DIGITS: Final = 8
_ORDINARY_USES: Final = 3


def plain(raw: str) -> str:
    """Take the markup out of a text: tags become line breaks, runs of blank lines one."""
    return _BLANK_LINES.sub("\n", _TAG.sub("\n", raw.replace("\r", ""))).strip()


def mask(raw: str) -> str:
    """Replace e-mail addresses, web addresses and phone numbers."""
    masked = _URL.sub(ADDRESS, _EMAIL.sub(EMAIL, raw)) if "." in raw or "@" in raw or "://" in raw else raw
    return _PHONE.sub(_phone, masked)


def _phone(match: re.Match[str]) -> str:
    found = match.group()
    enough = sum(c.isdigit() for c in found) >= _PHONE_DIGITS
    return PHONE if enough and not _DATE.match(found.strip()) else found


class Names:
    """Which words of a person's name give the person away.

    Parameters
    ----------
    texts
        The source's own texts: a word that they often write in lower case is an everyday word.
    ordinary
        Words that are no person's, in lower case (the market's own name).
    """

    def __init__(self, texts: Iterable[str], *, ordinary: Iterable[str]) -> None:
        uses = Counter(word for text in texts for word in _WORD.findall(text))
        self._ordinary = {
            word for word, n in uses.items() if word.islower() and n >= _ORDINARY_USES and n >= uses[word.capitalize()]
        }
        self._ordinary.update(ordinary)

    def telling(self, name: str | None) -> tuple[str, ...]:
        """Words of a name to be masked: two letters or more, and not everyday words."""
        words = _WORD.findall(name or "")
        return tuple(dict.fromkeys(word for word in words if word.lower() not in self._ordinary))

    def hide(self, text: str, name: str | None, stand_in: str) -> str:
        """Put `stand_in` where `text` says a telling word of `name`, in whatever case."""
        words = self.telling(name)
        return _pattern(words).sub(stand_in, text) if words and text else text


@lru_cache(maxsize=65_536)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """The words next to each other or alone, as whole words."""
    any_of = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{any_of})(?:(?:\s+|\s*&\s*)(?:{any_of}))*(?!\w)", re.IGNORECASE)
