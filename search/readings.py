"""Ways to read what somebody typed as a place and a wish: "loft near the cathedral with pool"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Final

from search.place_words import (
    BEHIND,
    COMMON,
    JOINING,
    LEADING_ON,
    LEANING,
    LINKING,
    NEAR,
    STATIONS,
    without_article,
)
from search.request import MAX_TEXT
from search.words import synonyms

_AFTER: Final = re.compile(
    rf"^(?P<place>.+?)\s*(?:{'|'.join(BEHIND)})\s*(?:{'|'.join(LEADING_ON)})?\s*(?P<rest>.*)$", re.IGNORECASE
)
_LINKED: Final = re.compile(rf"^(?P<place>\S+?)\s*(?:{'|'.join(LINKING)})\s*(?P<rest>.+)$")
_EDGES: Final = " ,;.!?:()\"'"
_MOST_WORDS: Final = 6
"""Words of a place's name that are tried."""
_LEAST_LETTERS: Final = 2
"""Letters of a name that is cut out of words without capitals: one letter is a word (森, a wood) more often."""
_STARTING: Final = NEAR - LEANING


class Mark(Enum):
    """What says that words are a place."""

    ALL = auto()
    """There is nothing else."""
    WORD = auto()
    """A word such as "near"."""
    NAME = auto()
    """They are written as names are, and stand at an end of the text."""
    SPELLING = auto()
    """Nothing does: several words at the end that are spelled like a place."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A part of a text that may be a place.

    Attributes
    ----------
    rest
        The text without it; None where nothing is left.
    """

    name: str
    rest: str | None
    mark: Mark


def readings(text: str) -> Iterator[Reading]:
    """Read a text as a place and a wish, the likeliest way first.

    All of it, after "near", before 附近, its end, its beginning where the script has no capitals.
    """
    text = text[:MAX_TEXT].strip()
    yield Reading(text, None, Mark.ALL)
    words = text.split()
    for start, word in enumerate(words[:-1]):
        if _bare(word) in _STARTING and (start == 0 or _bare(words[start - 1]) not in _STARTING):
            yield from _after(words, start)
    if (behind := _AFTER.match(text)) is not None:
        yield from _before(behind["place"].split(), behind["rest"])
    yield from _at_the_end(words)
    yield from _at_the_beginning(text, words)


def _after(words: list[str], start: int) -> Iterator[Reading]:
    """The longest name first that ends the text or stands before a comma or a word that goes on with the wish."""
    first = start + 1
    while first < len(words) - 1 and _bare(words[first]) in NEAR:
        first += 1
    for end in range(min(len(words), first + _MOST_WORDS), first, -1):
        if end < len(words) and _bare(words[end]) not in JOINING and not words[end - 1].endswith((",", ";")):
            continue
        rest = " ".join([*words[:start], *words[end:]]).strip(_EDGES) or None
        name = " ".join(words[first:end]).strip(_EDGES)
        yield Reading(name, rest, Mark.WORD)
        if (shorter := without_article(name)) != name:
            yield Reading(shorter.strip(_EDGES), rest, Mark.WORD)


def _before(words: list[str], rest: str) -> Iterator[Reading]:
    """All that stands before 附近, then its last words alone: "호텔 도쿄 근처" is a hotel near Tokyo."""
    for start in range(max(0, len(words) - _MOST_WORDS), len(words)):
        wish = " ".join([*words[:start], rest]).strip() or None
        for name in _called(" ".join(words[start:])):
            if start == 0 or len(name) >= _LEAST_LETTERS:
                yield Reading(name, wish, Mark.WORD)


def _called(name: str) -> Iterator[str]:
    """A name, also without what links it to "near" (東京の近く), and without "station" (東京駅)."""
    yield name
    for ends in (LINKING, STATIONS):
        end = next(filter(name.endswith, ends), "")
        shorter = name.removesuffix(end).strip()
        if end and len(shorter) >= _LEAST_LETTERS:
            yield shorter
            name = shorter


def _at_the_end(words: list[str]) -> Iterator[Reading]:
    """The last words: a name where it is written as one, or where it has several words that are no wish together."""
    for start in range(max(1, len(words) - _MOST_WORDS), len(words)):
        name, rest = " ".join(words[start:]), " ".join(words[:start])
        if _is_a_name(words[start]):
            yield Reading(name, rest, Mark.NAME)
        elif start < len(words) - 1 and not _may_be_a_wish(words[start:]):
            yield Reading(name, rest, Mark.SPELLING)


def _at_the_beginning(text: str, words: list[str]) -> Iterator[Reading]:
    """The first words in a script without capitals, where 東京 アパート is as good as アパート 東京."""
    for end in range(min(len(words) - 1, _MOST_WORDS), 0, -1):
        name = " ".join(words[:end])
        if _has_no_case(name):
            yield Reading(name, " ".join(words[end:]), Mark.NAME)
    if (linked := _LINKED.match(text)) is not None and _has_no_case(linked["place"]):
        yield Reading(linked["place"], linked["rest"].strip(), Mark.NAME)


def _is_a_name(word: str) -> bool:
    """Whether a word is written as names are: with a capital, or in a script without them."""
    return bool(word) and word[0].isalpha() and not word[0].islower()


def _has_no_case(name: str) -> bool:
    """Whether a name is long enough, and of letters that have no capitals."""
    return len(name) >= _LEAST_LETTERS and name[0].isalpha() and name.upper() == name.lower()


def is_a_wish(text: str) -> bool:
    """Whether the file of synonyms has exactly this as a wish: somewhere in the world a town is called so."""
    return _bare(text) in _wishes()


def _may_be_a_wish(words: list[str]) -> bool:
    """Whether words ask for something although a place may be called so: Chicago has a quarter "Lake View"."""
    bare = [_bare(word) for word in words]
    return bare[-1] in _wishes() or all(word in COMMON or word in _words_of_wishes() for word in bare)


@cache
def _wishes() -> frozenset[str]:
    return frozenset(wish.strip().casefold() for line in synonyms() for wish in line.split(","))


@cache
def _words_of_wishes() -> frozenset[str]:
    return frozenset(word for wish in _wishes() for word in wish.split())


def _bare(word: str) -> str:
    return word.strip(_EDGES).casefold()
