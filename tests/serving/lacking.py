"""What answers say that they had to do without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def lacks(degraded: Iterable[str], told: Mapping[str, str]) -> bool:
    """Whether an answer says that something gave nothing, for whichever reason."""
    return not set(told.values()).isdisjoint(degraded)
