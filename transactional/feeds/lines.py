"""A calendar's bytes as the lines of each of its events: pure.

Only what lies directly in a VEVENT is handed on, and of that only what decides on nights. So no time zone
of a stranger's making ever reaches the parser (it would be kept for every other feed of the process), and
neither does a guest's name, telephone number or message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from transactional.feeds.errors import CalendarTooLarge, NotACalendar, TooManyEvents, TruncatedCalendar

MAX_BYTES = 5 * 1024 * 1024
MAX_EVENTS = 10_000
MAX_DEPTH = 8
SUMMARY_LENGTH = 200

# Unfolded as bytes: some producers fold inside a character.
_FOLD = re.compile(rb"(?:\r\n|\r|\n)[ \t]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NAME = re.compile(r"([A-Za-z0-9-]+)[ \t]*[;:]")
# A vendor's prefix before the name of a time zone, as Evolution and Lightning write it.
_VENDOR = re.compile(r'(;TZID="?)/[^;:"]*?/((?:[A-Z][A-Za-z_]+/)+[A-Za-z_+-]+)(?=[";:])')
_KEPT = frozenset(
    {
        "UID",
        "DTSTART",
        "DTEND",
        "DURATION",
        "SUMMARY",
        "STATUS",
        "TRANSP",
        "SEQUENCE",
        "DTSTAMP",
        "LAST-MODIFIED",
        "RRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
    }
)


def events_of(body: bytes) -> list[list[str]]:
    """Lines of each event, unfolded.

    Raises
    ------
    CalendarTooLarge, TooManyEvents, NotACalendar, TruncatedCalendar
        Nothing of it is to be believed.
    """
    if len(body) > MAX_BYTES:
        raise CalendarTooLarge(limit=MAX_BYTES)
    found: list[list[str]] = []
    open_parts: list[str] = []
    for name, line in _named(_lines(body)):
        if not open_parts and name == "BEGIN" and _value(line) != "VCALENDAR":
            raise NotACalendar(
                "The text is another thing than a calendar.", hint="Copy the address of the iCal export."
            )
        if not open_parts and name != "BEGIN":
            continue  # what a server appends after the calendar
        if name == "BEGIN":
            open_parts.append(_value(line))
            _begin(open_parts, found)
        elif name == "END":
            if open_parts.pop() != _value(line):
                raise TruncatedCalendar(_value(line))
        elif open_parts == ["VCALENDAR", "VEVENT"] and name in _KEPT:
            found[-1].append(_tidy(name, line))
    if open_parts:
        raise TruncatedCalendar(open_parts[-1])
    return found


def _begin(open_parts: list[str], found: list[list[str]]) -> None:
    if len(open_parts) > MAX_DEPTH:
        raise NotACalendar("Its parts lie too deep in one another.", hint="Copy the address of the iCal export.")
    if open_parts == ["VCALENDAR", "VEVENT"]:
        if len(found) == MAX_EVENTS:
            raise TooManyEvents(limit=MAX_EVENTS)
        found.append([])


def _lines(body: bytes) -> Iterator[str]:
    text = _FOLD.sub(b"", body).decode("utf-8-sig", errors="replace")
    lines = (_CONTROL.sub("", line) for line in _LINE_END.split(text))
    lines = (line for line in lines if line.strip())
    first = next(lines, "")
    if first.strip().upper() != "BEGIN:VCALENDAR":
        page = first.lstrip().startswith("<")
        what = "a web page" if page else "nothing" if not first else "a text"
        raise NotACalendar(
            f"The address gives {what} instead of a calendar.", hint="Copy the address of the iCal export."
        )
    yield first
    yield from lines


def _named(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Each line that can be one of a calendar, with its property's name."""
    for line in lines:
        match = _NAME.match(line)
        if match is not None:
            yield match[1].upper(), line


def _value(line: str) -> str:
    return line.partition(":")[2].strip().upper()


def _tidy(name: str, line: str) -> str:
    if name == "SUMMARY":
        return line[: len(name) + SUMMARY_LENGTH]
    return _VENDOR.sub(r"\1\2", line)
