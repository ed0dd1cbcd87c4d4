"""When a guest is told that a listing matches a saved search: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

MAX_SAVED: Final = 50
"""Searches that one user can keep."""
MAX_IN_REACH: Final = 200_000
"""Listings that a search may have to be held against: a big city's, and not the world's."""
MAX_MATCHES: Final = 2_000
"""Listings that match at the same time: of more nobody wants to hear of each."""
COOLING: Final = timedelta(hours=24)
"""How long a listing has to be away before its coming back is news: a hold that lapses is none."""
KEPT: Final = timedelta(days=90)
"""How long alerts are kept."""
EVERY_LISTING: Final = 2**63 - 1
"""Up to this number a search is examined that has been held against every listing."""


class SavedSearchStatus(StrEnum):
    """What becomes of a saved search."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    TOO_WIDE = "too_wide"

    @property
    def is_over(self) -> bool:
        """Whether it cannot be taken up again."""
        return self in {SavedSearchStatus.ENDED, SavedSearchStatus.TOO_WIDE}


@dataclass(frozen=True, slots=True)
class Match:
    """A listing and a saved search that it matches, or did.

    Attributes
    ----------
    occasions
        How often the guest was told.
    since
        When it came to match, the last time.
    stopped_at
        When that ended; None while it matches.
    """

    occasions: int
    since: datetime
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at a listing leads to: the match as it is now, and whether that is news to the guest."""

    match: Match
    is_news: bool


def judge(known: Match | None, *, matches: bool, is_first_look: bool, now: datetime) -> Verdict | None:
    """Say what follows from whether a listing matches now; None where nothing has changed.

    Parameters
    ----------
    is_first_look
        The search was just saved, or taken up again: what matches is there to be seen, and no news.
    """
    if not matches:
        if known is None or known.stopped_at is not None:
            return None
        return Verdict(replace(known, stopped_at=now), is_news=False)
    if known is None:
        return Verdict(Match(0 if is_first_look else 1, now, None), is_news=not is_first_look)
    if known.stopped_at is None:
        return None
    is_news = not is_first_look and now - known.stopped_at >= COOLING
    return Verdict(Match(known.occasions + is_news, now, None), is_news=is_news)
