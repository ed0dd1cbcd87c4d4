"""Ways to read what somebody typed as a place and a wish: "loft near the cathedral with pool"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from search.place_words import ARTICLES, BEHIND, JOINING, LEADING_ON, NEAR
from search.request import MAX_TEXT

_AFTER: Final = re.compile(
    rf"^(?P<place>.+?)\s*(?:{'|'.join(BEHIND)})\s*(?:{'|'.join(LEADING_ON)})?\s*(?P<rest>.*)$", re.IGNORECASE
)
_EDGES: Final = " ,;.!?:()\"'"
_MOST_WORDS: Final = 6
"""Words of a place's name that are tried."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A part of a text that may be a place.

    Attributes
    ----------
    rest
        The text without it; None where nothing is left.
    marked
        Whether a word says that a place is meant ("near …"), or the place is all there is.
    """

    name: str
    rest: str | None
    marked: bool


def readings(text: str) -> Iterator[Reading]:
    """Read a text as a place and a wish, the likeliest way first: all of it, after "near", before 附近, its end."""
    text = text[:MAX_TEXT].strip()
    yield Reading(text, None, marked=True)
    words = text.split()
    for start, word in enumerate(words[:-1]):
        if _bare(word) in NEAR and (start == 0 or _bare(words[start - 1]) not in NEAR):
            yield from _after(words, start)
    if (behind := _AFTER.match(text)) is not None:
        yield Reading(behind["place"], behind["rest"].strip() or None, marked=True)
    for start in range(max(1, len(words) - _MOST_WORDS), len(words)):
        if _is_a_name(words[start]):
            yield Reading(" ".join(words[start:]), " ".join(words[:start]), marked=False)


def _after(words: list[str], start: int) -> Iterator[Reading]:
    """The longest name first that ends the text or stands before a comma or a word that goes on with the wish."""
    first = start + 1
    while first < len(words) - 1 and _bare(words[first]) in NEAR:
        first += 1
    for end in range(min(len(words), first + _MOST_WORDS), first, -1):
        if end < len(words) and _bare(words[end]) not in JOINING and not words[end - 1].endswith((",", ";")):
            continue
        rest = " ".join([*words[:start], *words[end:]]).strip(_EDGES) or None
        name = words[first:end]
        yield Reading(" ".join(name).strip(_EDGES), rest, marked=True)
        if (shorter := _without_article(name)) is not None:
            yield Reading(shorter.strip(_EDGES), rest, marked=True)


def _without_article(name: list[str]) -> str | None:
    """Take "the" and its like off, also where an apostrophe joins them."""
    head, apostrophe, tail = re.sub("[\u2019\u02bc]", "'", name[0]).partition("'")
    if apostrophe and head.casefold() in ARTICLES and tail:
        return " ".join([tail, *name[1:]])
    return " ".join(name[1:]) if len(name) > 1 and _bare(name[0]) in ARTICLES else None


def _is_a_name(word: str) -> bool:
    """Whether a word is written as names are: with a capital, or in a script without them."""
    return bool(word) and word[0].isalpha() and not word[0].islower()


def _bare(word: str) -> str:
    return word.strip(_EDGES).casefold()
