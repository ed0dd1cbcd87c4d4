"""Names as Russian bends them: who is near "Вены" is near what a gazetteer has as "Вена"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from search.place_words import ENDINGS

_LEAST_STEM: Final = 3
"""Letters before the ending: of shorter words every other is spelled like a town."""


def nominatives(name: str) -> Iterator[str]:
    """Say what a folded name may be by itself, if it is a Russian one in another case; its last word alone is bent.

    These are guesses, of which a gazetteer knows one or none.
    """
    for ending, others in ENDINGS.items():
        stem = name.removesuffix(ending)
        if stem != name and len(stem.rpartition(" ")[2]) >= _LEAST_STEM:
            yield from (stem + other for other in others)
