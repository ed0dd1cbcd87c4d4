"""Operations on other sites' calendars: read, messy as they come, and placed among everybody else's nights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final
from uuid import UUID

from bench.proof.plan import AHEAD, STARTS_AT
from bench.proof.turns import Promised, Turn
from transactional.feeds.errors import FeedUnreachable
from transactional.feeds.fetching import Fetched, Validators
from transactional.feeds.reading import read_due_feeds

HOST: Final = "calendars.proof.test"
_HEAD: Final = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//proof//EN\r\n"
_TAIL: Final = "END:VCALENDAR\r\n"


def url_of(listing_id: int) -> str:
    """Where a listing's other calendar is."""
    return f"https://{HOST}/{listing_id}.ics"


def feed_id_of(listing_id: int) -> UUID:
    """Number of a listing's feed."""
    return UUID(int=(1 << 100) | listing_id, version=4)


async def read(turn: Turn) -> Promised:
    """Read the calendars that are due, as they come."""
    read = await read_due_feeds(turn.sessions, turn.clock, OtherSite(turn.draws), limit=2)
    return () if read else None


@dataclass(frozen=True)
class OtherSite:
    """Another site's server: it answers with a calendar, mostly whole, mostly in time."""

    draws: Random

    async def fetch(self, url: str, *, known: Validators | None) -> Fetched:
        """Answer, or not."""
        fate = self.draws.random()
        if fate < 0.08:
            raise FeedUnreachable("It does not answer.", hint="Later.")
        if known is not None and fate < 0.2:
            return Fetched(None, known)
        body = calendar(self.draws, url)
        if fate > 0.95:
            body = body[: len(body) // 2]
        return Fetched(body.encode(), Validators(f'"{fate}"', None))


def calendar(draws: Random, url: str) -> str:
    """A calendar as other sites write them: ends missing or equal, times, numbers that move, the same twice."""
    events = [_event(draws, number) for number in range(draws.choice((0, 1, 1, 2, 3)))]
    if events and draws.random() < 0.2:
        events.append(events[0])
    return _HEAD + "".join(events).replace("HOST", url) + _TAIL


def _event(draws: Random, number: int) -> str:
    start = STARTS_AT.date() + timedelta(days=draws.randint(0, AHEAD))
    end = start + timedelta(days=draws.randint(1, 3))
    uid = f"{number if draws.random() < 0.7 else draws.getrandbits(32)}@HOST"
    summary = draws.choice(("Reserved", "Not available", "Airbnb (Not available)"))
    lines = [f"UID:{uid}", f"SUMMARY:{summary}", *_when(draws, start, end)]
    return "BEGIN:VEVENT\r\n" + "".join(f"{line}\r\n" for line in lines) + "END:VEVENT\r\n"


def _when(draws: Random, start: date, end: date) -> list[str]:
    match draws.choice(("dates", "dates", "dates", "times", "no end", "same")):
        case "times":
            return [f"DTSTART:{start:%Y%m%d}T150000Z", f"DTEND:{end:%Y%m%d}T100000Z"]
        case "no end":
            return [f"DTSTART;VALUE=DATE:{start:%Y%m%d}"]
        case "same":
            return [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{start:%Y%m%d}"]
        case _:
            return [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{end:%Y%m%d}"]
