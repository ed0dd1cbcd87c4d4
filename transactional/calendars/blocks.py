"""A host's blocked nights, put together and cut apart: pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

Range = tuple[date, date]
"""Nights from the first date up to, and without, the second."""


def nights_of(ranges: Iterable[Range]) -> set[date]:
    """Every night of some ranges."""
    return {start + timedelta(days=n) for start, end in ranges for n in range((end - start).days)}


def runs(nights: Iterable[date]) -> list[Range]:
    """Fewest ranges that have exactly these nights, in order."""
    found: list[Range] = []
    for night in sorted(set(nights)):
        after = night + timedelta(days=1)
        if found and found[-1][1] == night:
            found[-1] = (found[-1][0], after)
        else:
            found.append((night, after))
    return found


def block(span: Range, *, blocked: Iterable[Range], imported: Iterable[Range]) -> list[Range]:
    """Blocks that stand once `span` is blocked too; nights an imported calendar has already are left to it."""
    return runs(nights_of(blocked) | (nights_of([span]) - nights_of(imported)))


def unblock(span: Range, *, blocked: Iterable[Range]) -> list[Range]:
    """Blocks that stand once `span` is free of them."""
    return runs(nights_of(blocked) - nights_of([span]))
