"""Names of people masked at the door (contacts: :mod:`lodestay.masking`).

Hosts and reviewers become keyed hashes (:func:`lodestay.ids.pseudonym`); their names are taken out of
the free texts that concern them, because guests write "thank you Belinda" and hosts sign what they
write. A name that is an everyday word in the same texts ("Sunny", "Max") is taken for a name only where
its capital says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

HOST: Final = "[host]"
GUEST: Final = "[guest]"

_TAG: Final = re.compile(r"<\s*/?\s*\w+\s*/?>")
_BLANK_LINES: Final = re.compile(r"\s*[\r\n]\s*")
_WORD: Final = re.compile(r"[^\W\d_][\w'\u2019-]+")

_SPACELESS: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_ORDINARY_PEOPLE: Final = 3


def plain(raw: str) -> str:
    """Take the markup out of a text: tags become line breaks, runs of blank lines one."""
    untagged = _TAG.sub("\n", raw) if "<" in raw else raw
    return _BLANK_LINES.sub("\n", untagged).strip() if "\n" in untagged or "\r" in untagged else untagged.strip()


class Names:
    """Which words of a person's name give the person away.

    Parameters
    ----------
    writings
        What each person wrote, without addresses: a word that several people write in lower case, and no
        fewer than with a capital, is an everyday word.
    ordinary
        Words that are no person's, in lower case (the market's own name).
    """

    def __init__(self, writings: Iterable[str], *, ordinary: Iterable[str]) -> None:
        people = Counter(word for written in writings for word in set(_WORD.findall(written)))
        self._everyday = {
            word
            for word, n in people.items()
            if word.islower() and n >= _ORDINARY_PEOPLE and n >= people[word.capitalize()]
        }
        self._ordinary = frozenset(ordinary)

    def hide(self, text: str, name: str | None, stand_in: str, *, prose: bool) -> str:
        """Put `stand_in` where `text` says a word of `name`.

        In whatever case where the word is a name alone; an everyday word only with a capital inside a
        sentence.

        Parameters
        ----------
        prose
            Whether capitals mean anything: in titles they do not.
        """
        if not name or not text:
            return text
        lower = text.lower()
        said = dict.fromkeys(
            word for word in _WORD.findall(name) if word.lower() in lower and word.lower() not in self._ordinary
        )
        telling = tuple(word for word in said if word.lower() not in self._everyday)
        everyday = tuple(word.capitalize() for word in said if word.lower() in self._everyday) if prose else ()
        if telling:
            text = _pattern(telling).sub(stand_in, text)
        return _inside_sentence(everyday).sub(stand_in, text) if everyday else text


@lru_cache(maxsize=65_536)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """The words next to each other or alone; whole words, where the script has spaces between them."""
    any_of = "|".join(
        re.escape(word) if _SPACELESS.search(word) else rf"(?<!\w){re.escape(word)}(?!\w)"
        for word in sorted(words, key=len, reverse=True)
    )
    return re.compile(rf"(?:{any_of})(?:(?:\s+|\s*&\s*)(?:{any_of}))*", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def _inside_sentence(words: tuple[str, ...]) -> re.Pattern[str]:
    """The words with their capital, after a small letter or a comma."""
    return re.compile(rf"(?<=[a-z,;&] )(?:{'|'.join(map(re.escape, words))})(?!\w)")
