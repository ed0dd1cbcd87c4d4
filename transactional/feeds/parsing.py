"""A calendar's bytes as the nights that it takes: pure.

Real calendars are messy. What can be understood is; an event that cannot is named to the host, and what is
known of it stays. A calendar that is none, is cut off or is out of all proportion is refused as a whole.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from icalendar import Event

from lodestay.errors import LodestayError
from transactional.calendars.blocks import Range
from transactional.feeds.errors import TooManyEvents, UnreadableEvent
from transactional.feeds.lines import MAX_EVENTS, events_of
from transactional.feeds.nights import WRONG_DATES, nights_of
from transactional.feeds.records import HORIZON, EventKind, ReadCalendar, ReadEvent
from transactional.feeds.recurrence import MAX_RULES, occurrences, repeats, rules_of

MAX_UID = 200
MAX_LINE = 20_000
T = TypeVar("T")

# "Reserved - Ana" and "CLOSED - Ana" are reservations whose guest we do not want to know.
_NOT_OFFERED = re.compile(
    r"not[ -]available|unavailable|\bblock(?:ed)?\b|\bmaintenance\b|\bowner\b|^closed$|closed period", re.IGNORECASE
)
_TAKEN = re.compile(r"^\s*(?:reserved|reservation|booked|booking)\b", re.IGNORECASE)
RESERVED = "Reserved"
NOT_AVAILABLE = "Not available"


def read_calendar(body: bytes, *, timezone: str, today: date) -> ReadCalendar:
    """Read what a feed says of the nights from today on.

    Of several texts under one UID the newest counts (SEQUENCE, then LAST-MODIFIED or DTSTAMP); where none is
    newer and the nights differ, all of them count: to take a night too many is mended, to sell one twice is not.
    Cancelled and transparent events take nothing; the same nights under several UIDs are one event.

    Parameters
    ----------
    timezone
        Of the listing (IANA name).

    Raises
    ------
    InvalidInput
        One of `NotACalendar`, `TruncatedCalendar`, `CalendarTooLarge` and `TooManyEvents`.
    """
    reading = _Reading(ZoneInfo(timezone), today)
    of_one_uid: dict[tuple[str, int], list[Event]] = defaultdict(list)
    texts = events_of(body)
    for number, lines in enumerate(texts):
        uid = _uid_of(lines)
        event = reading.attempt(uid, partial(_parse, lines))
        if event is not None:
            of_one_uid[uid, 0 if uid else number].append(event)  # without a UID, each stands alone
    rules = 0
    for (uid, _), events in of_one_uid.items():
        rules += rules_of(events)
        reading.attempt(uid, partial(reading.read, uid, events, may_repeat=rules <= MAX_RULES))
    return ReadCalendar(
        events=_merged(reading.found),
        is_empty=not texts,
        unreadable=tuple(dict.fromkeys(uid for uid, _ in reading.troubles if uid)),
        troubles=tuple(dict.fromkeys(why for _, why in reading.troubles)),
    )


class _Reading:
    """What is found while the events are gone through."""

    def __init__(self, zone: ZoneInfo, today: date) -> None:
        self.zone = zone
        self.today = today
        self.horizon = today + HORIZON
        self.found: list[ReadEvent] = []
        self.troubles: list[tuple[str, str]] = []

    def attempt(self, uid: str, work: Callable[[], T]) -> T | None:
        """Do something with an event; where it cannot be done, remember why."""
        try:
            return work()
        except TooManyEvents:
            raise
        except LodestayError as error:
            self.troubles.append((uid, error.detail))
        except Exception:  # noqa: BLE001 - whatever the libraries meet in a stranger's text
            self.troubles.append((uid, "An event has dates that cannot be read."))
        return None

    def read(self, uid: str, events: Sequence[Event], *, may_repeat: bool) -> None:
        """Take up the events of one UID."""
        if any(repeats(event) for event in events):
            self._read_series(uid, events, may_repeat=may_repeat)
        else:
            self._read_single(uid, events)

    def _read_series(self, uid: str, events: Sequence[Event], *, may_repeat: bool) -> None:
        if not may_repeat:
            raise UnreadableEvent(f"More than {MAX_RULES} events repeat.", hint="Enter their nights one by one.")
        for event in occurrences(events, start=self.today, end=self.horizon):
            span = self._nights(event)
            if span is not None and _takes_nights(event):
                self._add(f"{uid}/{span[0]:%Y%m%d}" if uid else "", span, event)

    def _read_single(self, uid: str, events: Sequence[Event]) -> None:
        newest = max(map(_version, events))
        spans: dict[Range, Event] = {}
        for event in (event for event in events if _version(event) == newest):
            span = self._nights(event)
            if span is not None and _takes_nights(event):
                spans.setdefault(span, event)
        for number, span in enumerate(sorted(spans)):
            self._add(f"{uid}#{number}" if uid and number else uid, span, spans[span])

    def _nights(self, event: Event) -> Range | None:
        begin = _first(event, "DTSTART")
        if begin is None:
            raise UnreadableEvent("An event does not say when it begins.", hint=WRONG_DATES)
        end, duration = _first(event, "DTEND"), _first(event, "DURATION")
        return nights_of(
            begin.dt, None if end is None else end.dt, None if duration is None else duration.dt, zone=self.zone
        )

    def _add(self, uid: str, span: Range, event: Event) -> None:
        start, end = span[0], min(span[1], self.horizon)
        if start >= self.horizon or end <= self.today:
            return
        if len(self.found) == MAX_EVENTS:
            raise TooManyEvents(limit=MAX_EVENTS)
        kind = _kind(str(event.get("SUMMARY", "")))
        summary = RESERVED if kind is EventKind.RESERVATION else NOT_AVAILABLE
        uid = uid or f"{kind.value}-{start:%Y%m%d}-{end:%Y%m%d}"
        self.found.append(ReadEvent(uid, start, end, kind, summary))


def _parse(lines: Sequence[str]) -> Event:
    if any(len(line) > MAX_LINE for line in lines):
        raise UnreadableEvent("An event has a line that is too long.", hint=WRONG_DATES)
    event = Event.from_ical("\r\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT", "")))
    if not isinstance(event, Event):
        raise UnreadableEvent("An event is none.", hint=WRONG_DATES)
    return event


def _uid_of(lines: Iterable[str]) -> str:
    """UID of an event, told before it is parsed, so that it is known of one that cannot be."""
    said = next((line for line in lines if line.upper().startswith("UID")), "")
    uid = said.partition(":")[2].strip()
    return uid if len(uid) <= MAX_UID else hashlib.sha256(uid.encode()).hexdigest()


def _first(event: Event, name: str) -> Any:
    """A property's value, the first one where it is said twice."""
    value = event.get(name)
    return value[0] if isinstance(value, list) else value


def _takes_nights(event: Event) -> bool:
    said = {str(_first(event, name)).strip().upper() for name in ("STATUS", "TRANSP")}
    return said.isdisjoint({"CANCELLED", "TRANSPARENT"})


def _version(event: Event) -> tuple[int, float]:
    """How new a text is; one that says nothing is the oldest."""
    sequence = _first(event, "SEQUENCE")
    changed = _first(event, "LAST-MODIFIED") or _first(event, "DTSTAMP")
    at = getattr(changed, "dt", None)
    seconds = at.timestamp() if isinstance(at, datetime) and at.tzinfo is not None else 0.0
    return (int(sequence) if isinstance(sequence, int) else 0), seconds


def _kind(summary: str) -> EventKind:
    if not _TAKEN.match(summary) and _NOT_OFFERED.search(summary.strip()):
        return EventKind.BLOCK
    return EventKind.RESERVATION


def _merged(found: Sequence[ReadEvent]) -> tuple[ReadEvent, ...]:
    """One event of several with the same nights, a guest's before a block; what is ours stays apart."""
    one: dict[tuple[date, date, bool], ReadEvent] = {}
    for event in sorted(found, key=lambda each: (each.kind is EventKind.BLOCK, each.uid)):
        one.setdefault((event.start, event.end, event.is_ours), event)
    by_uid: dict[str, ReadEvent] = {}
    for event in sorted(one.values(), key=lambda event: (event.start, event.end, event.uid)):
        uid = event.uid
        while uid in by_uid:  # a UID that looks like one of those made here
            uid += "#"
        by_uid[uid] = replace(event, uid=uid)
    return tuple(by_uid.values())
