"""Words around places (`place_words.toml`), in the languages of guests and hosts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_STRAIGHT: Final = re.compile("[\u2019\u02bc]")
"""Apostrophes that are typed as a straight one, too."""
_FILE: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _words(name: str) -> frozenset[str]:
    return frozenset(word.casefold() for line in _FILE[name] for word in line.split())


NEAR: Final = _words("near")
"""Before a place: "near Södermalm"."""
LEANING: Final = _words("leaning")
"""Of these, what says so behind another alone: in Russian, what by itself is "with"."""
ARTICLES: Final = _words("articles")
"""Between "near" and a name."""
JOINING: Final = _words("joining")
"""After a place, where the wish goes on: "… with pool"."""
COMMON: Final = _words("common")
"""What alone names many places."""
BEHIND: Final[tuple[str, ...]] = tuple(_FILE["behind"])
"""Behind a place, where languages say "near" there."""
LEADING_ON: Final[tuple[str, ...]] = tuple(_FILE["leading_on"])
"""What leads on from these to the wish."""
LINKING: Final[tuple[str, ...]] = tuple(_FILE["linking"])
"""Between a place and what is said of it, in languages that join them by a letter."""
STATIONS: Final[tuple[str, ...]] = tuple(sorted(_FILE["stations"], key=len, reverse=True))
"""What ends the name of a station, the longest first."""
LANDMARKS: Final[tuple[tuple[str, ...], ...]] = tuple(map(tuple, _FILE["landmarks"]))
"""Names in many languages of landmarks that have a common noun for a name."""
ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {case: tuple(others) for case, others in _FILE["endings"].items()}
"""Endings of Russian cases, and what a name may end in by itself."""


def without_article(name: str) -> str:
    """Take "the" and its like off the beginning of a name, also where an apostrophe joins them."""
    head, apostrophe, tail = _STRAIGHT.sub("'", name).partition("'")
    if apostrophe and head.casefold() in ARTICLES and tail:
        return tail
    first, _, others = name.partition(" ")
    return others if others and first.casefold() in ARTICLES else name
