"""What a feed says now against what it said before, and which of its nights can be taken: pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from transactional.feeds.records import (
    Content,
    EventKind,
    Failed,
    FeedRecord,
    FeedStatus,
    KnownEvent,
    ReadEvent,
    Reading,
    Unchanged,
)

EMPTY_READS = 3
EMPTY_FOR = timedelta(hours=24)
"""So often and for so long a feed must come back empty before it is believed that nothing is taken any more."""
INTERVAL = timedelta(minutes=30)
LONGEST_WAIT = timedelta(hours=12)
MAX_TROUBLES = 3
CAME_BACK_EMPTY = (
    "The calendar came back empty although it had nights to come. They stay taken until it has been empty for a day,"
    " or until you confirm it."
)
MAX_FAILURES = 60
"""Failures in a row, about four weeks of them, after which a feed waits for its host."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An event then and now."""

    before: KnownEvent
    now: ReadEvent


@dataclass(frozen=True, slots=True)
class Difference:
    """What a reading changes. A pair in `kept` has the same nights, maybe under another UID."""

    added: tuple[ReadEvent, ...]
    kept: tuple[Pair, ...]
    moved: tuple[Pair, ...]
    removed: tuple[KnownEvent, ...]

    @property
    def present(self) -> tuple[ReadEvent, ...]:
        """Everything that the feed now says."""
        return (*self.added, *(pair.now for pair in self.kept), *(pair.now for pair in self.moved))


@dataclass
class _Matching:
    """Pairs found so far, and what is still without a partner."""

    known: list[KnownEvent]
    said: list[ReadEvent]
    pairs: list[Pair] = field(default_factory=list)

    def by(self, key: Callable[[KnownEvent | ReadEvent], Hashable]) -> None:
        """Pair what has the same key."""
        waiting: dict[Hashable, list[KnownEvent]] = {}
        for event in self.known:
            waiting.setdefault(key(event), []).append(event)
        left: list[ReadEvent] = []
        for said in self.said:
            partners = waiting.get(key(said))
            if partners:
                self.pairs.append(Pair(partners.pop(0), said))
            else:
                left.append(said)
        self.known = [event for partners in waiting.values() for event in partners]
        self.said = left

    def by_overlap(self) -> None:
        """Pair blocks that share a night, in order: a window that rolls on is the same window."""
        known = sorted((e for e in self.known if e.kind is EventKind.BLOCK), key=lambda event: event.start)
        said = sorted((e for e in self.said if e.kind is EventKind.BLOCK), key=lambda event: event.start)
        paired_known: set[str] = set()
        paired_said: set[str] = set()
        i = j = 0
        while i < len(known) and j < len(said):
            if known[i].start < said[j].end and said[j].start < known[i].end:
                self.pairs.append(Pair(known[i], said[j]))
                paired_known.add(known[i].uid)
                paired_said.add(said[j].uid)
                i, j = i + 1, j + 1
            elif known[i].end <= said[j].start:
                i += 1
            else:
                j += 1
        self.known = [event for event in self.known if event.uid not in paired_known]
        self.said = [event for event in self.said if event.uid not in paired_said]


def compare(known: Sequence[KnownEvent], said: Sequence[ReadEvent], *, unreadable: Collection[str] = ()) -> Difference:
    """Tell what was added, moved and removed.

    Nights come before UIDs: some sites make new UIDs for every answer, and others number their events anew
    when one goes. Only an event whose nights nobody else has now was moved.

    Parameters
    ----------
    known
        Events read before that are not gone.
    unreadable
        UIDs of events that are still there but could not be understood: they stay as they were.
    """
    asleep = {event.uid for event in known if _stem(event.uid) in unreadable} - {event.uid for event in said}
    matching = _Matching([event for event in known if event.uid not in asleep], list(said))
    matching.by(lambda event: (event.uid, event.start, event.end, event.kind))
    matching.by(lambda event: (event.start, event.end, event.kind))
    matching.by(lambda event: event.uid)
    matching.by_overlap()
    same = [pair for pair in matching.pairs if _nights(pair.before) == _nights(pair.now)]
    stay = [Pair(event, event.again()) for event in known if event.uid in asleep]
    return Difference(
        added=tuple(matching.said),
        kept=(*same, *stay),
        moved=tuple(pair for pair in matching.pairs if _nights(pair.before) != _nights(pair.now)),
        removed=tuple(matching.known),
    )


def _nights(event: KnownEvent | ReadEvent) -> tuple[date, date]:
    return event.start, event.end


def _stem(uid: str) -> str:
    """UID that the feed gave, without what was added to tell its events apart."""
    return uid.rpartition("/")[0] or uid.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Emptiness:
    """How often in a row a feed that had events came back without any, and since when."""

    reads: int
    since: datetime | None

    @property
    def is_believed(self) -> bool:
        """Whether nothing is in doubt."""
        return self.reads == 0


NOT_EMPTY = Emptiness(0, None)


def doubt(before: Emptiness, *, is_empty: bool, knows_upcoming: bool, now: datetime) -> Emptiness:
    """Say whether an empty feed means that everything was cancelled: at once it never does.

    Returns
    -------
    Emptiness
        :data:`NOT_EMPTY` where the feed is to be believed; else what to remember until the next reading.
    """
    if not is_empty or not knows_upcoming:
        return NOT_EMPTY
    since = before.since or now
    reads = before.reads + 1
    if reads >= EMPTY_READS and now - since >= EMPTY_FOR:
        return NOT_EMPTY
    return Emptiness(reads, since)


def upcoming(events: Iterable[KnownEvent], *, today: date) -> bool:
    """Whether any event has a night to come."""
    return any(event.end > today for event in events)


def nothing_new(known: Sequence[KnownEvent]) -> Difference:
    """What a reading changes that says what was known."""
    return Difference(added=(), kept=tuple(Pair(event, event.again()) for event in known), moved=(), removed=())


@dataclass(frozen=True, slots=True)
class Decision:
    """What is believed of a reading, and the feed as it is to be kept."""

    difference: Difference
    feed: FeedRecord


def decide(feed: FeedRecord, known: Sequence[KnownEvent], reading: Reading, *, now: datetime, today: date) -> Decision:
    """Decide what a reading means for what is known: a failure, or an emptiness in doubt, changes nothing."""
    if isinstance(reading, Failed):
        failures = feed.failures + 1
        status = FeedStatus.PAUSED if failures >= MAX_FAILURES else FeedStatus.FAILING
        kept = replace(
            feed, status=status, failures=failures, error=reading.why, next_read_at=now + wait_after(failures)
        )
        return Decision(nothing_new(known), replace(kept, last_read_at=now))
    feed = replace(feed, failures=0, last_read_at=now, next_read_at=now + INTERVAL + _spread(feed))
    if isinstance(reading, Unchanged):
        return Decision(nothing_new(known), replace(_with(feed, reading), status=FeedStatus.FRESH))
    before = Emptiness(feed.empty_reads, feed.empty_since)
    doubted = doubt(before, is_empty=reading.calendar.is_empty, knows_upcoming=upcoming(known, today=today), now=now)
    feed = replace(feed, empty_reads=doubted.reads, empty_since=doubted.since)
    if not doubted.is_believed:
        return Decision(nothing_new(known), replace(feed, status=FeedStatus.FAILING, error=CAME_BACK_EMPTY))
    difference = compare(known, reading.calendar.events, unreadable=reading.calendar.unreadable)
    feed = replace(_with(feed, reading), content_hash=reading.content_hash, laid_out_on=today)
    return Decision(difference, replace(feed, status=FeedStatus.FRESH, error=_told(reading.calendar.troubles)))


def emptied(feed: FeedRecord, known: Sequence[KnownEvent]) -> Decision:
    """What the host's word means that an empty feed is right."""
    difference = Difference(added=(), kept=(), moved=(), removed=tuple(known))
    return Decision(
        difference,
        replace(feed, status=FeedStatus.FRESH, error=None, empty_reads=0, empty_since=None, laid_out_on=None),
    )


def may_ask_whether_same(feed: FeedRecord, *, today: date) -> bool:
    """Whether it is enough to hear that nothing has changed.

    Not after a failure, and not on a new day: the horizon has moved, and events that repeat reach further.
    """
    return feed.status == FeedStatus.FRESH and feed.laid_out_on == today


def _with(feed: FeedRecord, reading: Content | Unchanged) -> FeedRecord:
    return replace(feed, etag=reading.etag, last_modified=reading.last_modified)


def _told(troubles: Sequence[str]) -> str | None:
    """What could not be understood, as a sentence or a few."""
    if not troubles:
        return None
    more = len(troubles) - MAX_TROUBLES
    return " ".join(troubles[:MAX_TROUBLES]) + (f" And {more} more." if more > 0 else "")


def _spread(feed: FeedRecord) -> timedelta:
    """A few minutes that differ from feed to feed, so that not all are read at once."""
    return timedelta(seconds=feed.feed_id.int % 300)


def wait_after(failures: int) -> timedelta:
    """Time until the next reading: longer with each failure in a row, to half a day."""
    return min(LONGEST_WAIT, INTERVAL * (1 << min(failures, 10)))
