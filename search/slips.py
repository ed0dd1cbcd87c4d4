"""Names one slip away from what was typed: found by walking a list of names in order, never by comparing all.

A slip is a letter wrong, missing, too many or swapped with the next; a space is a letter.
"""

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
    """Beginnings one slip away that some name may have.

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


def respaced(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Words as they are where a space slipped: put in, left out, or swapped with the letter before or after it."""
    for at, word in enumerate(words):
        before, after = words[:at], words[at + 1 :]
        for cut in range(1, len(word)):
            yield (*before, word[:cut], word[cut:], *after)
        if after:
            follower, *rest = after
            yield (*before, word + follower, *rest)
            if len(word) > 1:
                yield (*before, word[:-1], word[-1] + follower, *rest)
            if len(follower) > 1:
                yield (*before, word + follower[0], follower[1:], *rest)


def begins(text: str, typed: str) -> bool:
    """Whether a text begins as typed, one slip forgiven."""
    at = next((n for n, (has, wants) in enumerate(zip(text, typed, strict=False)) if has != wants), None)
    if at is None:
        return len(text) >= len(typed) - 1
    is_swapped = text[at : at + 2] == typed[at : at + 2][::-1]
    return (
        text.startswith(typed[at + 1 :], at + 1)
        or text.startswith(typed[at + 1 :], at)
        or text.startswith(typed[at:], at + 1)
        or (is_swapped and text.startswith(typed[at + 2 :], at + 2))
    )


def _letters_after(names: Sequence[str], head: str) -> Iterator[str]:
    at = bisect_left(names, head + "\x01")
    while at < len(names) and names[at].startswith(head):
        letter = names[at][len(head)]
        yield letter
        at = bisect_left(names, head + chr(ord(letter) + 1))
