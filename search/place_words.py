"""Words around places (`place_words.toml`), in the languages of guests and hosts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

_FILE: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _words(name: str) -> frozenset[str]:
    return frozenset(word.casefold() for line in _FILE[name] for word in line.split())


NEAR: Final = _words("near")
"""Before a place: "near Södermalm"."""
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
LANDMARKS: Final[tuple[tuple[str, ...], ...]] = tuple(map(tuple, _FILE["landmarks"]))
"""Names in many languages of landmarks that have a common noun for a name."""
