"""Names one slip away from what was typed: found by walking a list of names in order, never by comparing all."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

LAST_LETTER: Final = chr(0x10FFFF)
"""Comes after every letter that a name can go on with."""
_MOST_LETTERS: Final = 128
"""Letters tried in one place: enough for every alphabet; Chinese names go on with thousands."""


def slips(names: Sequence[str], name: str) -> Iterator[str]:
    """Beginnings one slip away that some name may have: one letter wrong, missing, too many or swapped.

    The first letter is right, or has changed places with the second.

    Parameters
    ----------
    names
        In order. Only letters that follow in one of them are tried.
    """
    if len(name) > 1:
        yield name[1] + name[0] + name[2:]
    for at in range(1, len(name)):
        head, letter, tail = name[:at], name[at], name[at + 1 :]
        yield head + tail
        if tail:
            yield head + tail[0] + letter + tail[1:]
        for other in islice(_letters_after(names, head), _MOST_LETTERS):
            yield head + other + tail
            yield head + other + letter + tail


def _letters_after(names: Sequence[str], head: str) -> Iterator[str]:
    at = bisect_left(names, head + "\x01")
    while at < len(names) and names[at].startswith(head):
        letter = names[at][len(head)]
        yield letter
        at = bisect_left(names, head + chr(ord(letter) + 1))
