"""What a feed says now against what it said before."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transactional.factories import TODAY
from tests.transactional.feeds.calendars import NOW, PROPERTY, calendar, caught, day, event, known, read, stay_lines
from transactional.calendars.blocks import nights_of, runs
from transactional.feeds import parsing, rules
from transactional.feeds.placement import change_rows
from transactional.feeds.records import (
    Content,
    EventKind,
    Failed,
    FeedRecord,
    FeedStatus,
    KnownEvent,
    OwnRow,
    ReadEvent,
    Reading,
    Unchanged,
)
from transactional.feeds.rules import EMPTY_FOR, EMPTY_READS, Difference, compare, decide, emptied, wait_after

FEED = FeedRecord(
    feed_id=UUID(int=7),
    listing_id=1,
    name="Airbnb",
    url="https://airbnb.example/1.ics",
    status=FeedStatus.NEW,
    etag=None,
    last_modified=None,
    content_hash=None,
    laid_out_on=None,
    failures=0,
    empty_reads=0,
    empty_since=None,
    error=None,
    created_at=NOW,
    last_read_at=None,
    next_read_at=NOW,
)
EVENTS = st.lists(
    st.builds(
        lambda start, nights, kind: event("", start, start + nights, kind),
        st.integers(1, 90),
        st.integers(1, 9),
        st.sampled_from(EventKind),
    ),
    max_size=8,
    unique_by=lambda e: (e.start, e.end),
).map(lambda events: [ReadEvent(f"{n}@x", e.start, e.end, e.kind, e.summary) for n, e in enumerate(events)])


def content(body: bytes) -> Content:
    """A reading of a calendar."""
    return Content(read(body), etag=None, last_modified=None, content_hash="")


def after(difference: Difference) -> list[KnownEvent]:
    """What is known once a difference was taken in."""
    return [known(said) for said in difference.present]


@PROPERTY
@given(said=EVENTS, uids=st.permutations(range(8)), fresh=st.booleans())
def uids_alone_change_nothing(said: list[ReadEvent], uids: list[int], fresh: bool) -> None:  # noqa: FBT001
    """The same nights under other UIDs, new ones or each other's, are the same events."""
    again = [
        ReadEvent(f"new-{n}@x" if fresh else f"{uids[n]}@x", e.start, e.end, e.kind, e.summary)
        for n, e in enumerate(said)
    ]
    difference = compare([known(e) for e in said], again)
    assert (difference.added, difference.moved, difference.removed) == ((), (), ())
    assert sorted(e.uid for e in difference.present) == sorted(e.uid for e in again)


def test_b20_unstable_uids_change_nothing() -> None:
    """Sites that make a new UID for every answer, or number events anew, move nobody's nights."""
    uids_alone_change_nothing()


def test_b20_control_matching_by_uid_alone_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With UIDs as the only identity, the property does not hold (lochmueller/calendarize#381)."""
    by = rules._Matching.by

    def only_by_uid(self: rules._Matching, key: object) -> None:
        by(self, lambda e: e.uid)

    monkeypatch.setattr(rules._Matching, "by", only_by_uid)
    caught(uids_alone_change_nothing)


@PROPERTY
@given(before=EVENTS, now=EVENTS)
def the_feed_has_the_nights_it_says_now(before: list[ReadEvent], now: list[ReadEvent]) -> None:
    """Whatever was said before, under whatever UIDs, the nights now are those said now: moved, freed and new ones."""
    had = runs(nights_of((e.start, e.end) for e in before))
    rows = [OwnRow(n, *span) for n, span in enumerate(had)]
    present = rules.compare([known(e) for e in before], now).present
    change = change_rows(rows, runs(nights_of((e.start, e.end) for e in present)), today=TODAY)
    has = [row.span for row in rows if row.occupancy_id not in change.retired] + list(change.written)
    assert sorted(has) == runs(nights_of((e.start, e.end) for e in now))
    assert len(nights_of(has)) == sum((end - start).days for start, end in has)


def test_b20_a_moved_uid_moves_its_nights() -> None:
    """New dates under an old UID free the old nights and take the new ones, whatever else has changed."""
    the_feed_has_the_nights_it_says_now()


def test_b20_control_a_reader_that_skips_known_uids_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a known UID taken as an event known already, the property does not hold (RentTools.io#22)."""

    def skip(before: list[KnownEvent], now: list[ReadEvent], **_: object) -> Difference:
        uids = {e.uid: e for e in before}
        return Difference(tuple(uids[e.uid].again() if e.uid in uids else e for e in now), (), (), ())

    monkeypatch.setattr(rules, "compare", skip)
    caught(the_feed_has_the_nights_it_says_now)


@PROPERTY
@given(before=EVENTS, now=EVENTS)
def test_a_difference_leaves_nothing_out(before: list[ReadEvent], now: list[ReadEvent]) -> None:
    """Every event known is kept, moved or removed, every event said kept, moved or added, each once."""
    found = compare([known(e) for e in before], now)
    pairs = (*found.kept, *found.moved)
    assert sorted([e.uid for e in found.removed] + [p.before.uid for p in pairs]) == sorted(e.uid for e in before)
    assert sorted([e.uid for e in found.added] + [p.now.uid for p in pairs]) == sorted(e.uid for e in now)
    assert set(found.present) == set(now)


def test_what_could_not_be_read_stays_as_it_was() -> None:
    """An event whose text broke is neither gone nor moved, and the rest of the feed goes on."""
    before = [known(event("a@x", 1, 3)), known(event("b@x/20260620", 5, 6)), known(event("c@x", 8, 9))]
    found = compare(before, [event("d@x", 20, 21)], unreadable=("a@x", "b@x"))
    assert [e.uid for e in found.removed] == ["c@x"]
    assert {e.uid for e in found.present} == {"a@x", "b@x/20260620", "d@x"}


FULL = calendar(stay_lines("a@x", day(10), day(12)), stay_lines("b@x", day(40), day(45)))
OVER = calendar(stay_lines("old@x", day(-9), day(-7)))
STEPS = st.lists(
    st.tuples(
        st.sampled_from([20, 60, 300, 700, 1500]), st.sampled_from(["empty", "empty", "empty", "failed", "full"])
    ),
    max_size=14,
)


@PROPERTY
@given(steps=STEPS)
def an_empty_feed_frees_nothing_at_once(steps: list[tuple[int, str]]) -> None:
    """Nights are freed only once the feed was empty three times and for a day, with nothing full in between."""
    feed, events, now, empty = FEED, after(decide(FEED, [], content(FULL), now=NOW, today=TODAY).difference), NOW, []
    for minutes, what in steps:
        now += timedelta(minutes=minutes)
        readings: dict[str, Reading] = {"empty": content(calendar()), "failed": Failed("500"), "full": content(FULL)}
        decision = rules.decide(feed, events, readings[what], now=now, today=TODAY)
        empty = [] if what == "full" else [*empty, now] if what == "empty" else empty
        if decision.difference.removed:
            assert len(empty) >= EMPTY_READS
            assert empty[-1] - empty[0] >= EMPTY_FOR
            assert what == "empty"
        events, feed = after(decision.difference), decision.feed


def test_b21_an_empty_or_failing_feed_cancels_nothing() -> None:
    """Neither an empty answer nor a 500 wipes a calendar (homeassistant-rental-control#245)."""
    an_empty_feed_frees_nothing_at_once()


def test_b21_control_belief_at_once_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every empty answer believed, the property does not hold."""
    monkeypatch.setattr(rules, "doubt", lambda *_args, **_named: rules.NOT_EMPTY)
    caught(an_empty_feed_frees_nothing_at_once)


def test_b21_an_empty_feed_is_believed_in_the_end() -> None:
    """After a day of it, after the host's word, and at once where there was nothing to lose."""
    events = after(decide(FEED, [], content(FULL), now=NOW, today=TODAY).difference)
    feed, now = FEED, NOW
    for _ in range(3):
        decision = decide(feed, events, content(calendar()), now=now, today=TODAY)
        feed, now = decision.feed, now + timedelta(hours=12)
    assert [e.uid for e in decision.difference.removed] == ["a@x", "b@x"]
    assert (feed.status, feed.error, feed.empty_reads) == (FeedStatus.FRESH, None, 0)
    doubted = decide(FEED, events, content(calendar()), now=NOW, today=TODAY).feed
    assert (doubted.status, doubted.empty_reads) == (FeedStatus.FAILING, 1)
    assert len(emptied(doubted, events).difference.removed) == 2
    assert decide(FEED, [], content(calendar()), now=NOW, today=TODAY).feed.status == FeedStatus.FRESH
    cancelled = calendar(stay_lines("a@x", day(10), day(12), "Reserved", "STATUS:CANCELLED"))
    assert len(decide(FEED, events, content(cancelled), now=NOW, today=TODAY).difference.removed) == 2
    assert len(decide(FEED, events, content(OVER), now=NOW, today=TODAY).difference.removed) == 2


@PROPERTY
@given(days=st.integers(2, 12), window=st.integers(200, 400))
def a_rolling_window_is_no_guest(days: int, window: int) -> None:
    """A site that does not sell beyond a window says so anew each day: never a reservation, always one block."""
    feed, events = FEED, list[KnownEvent]()
    for n in range(days):
        today = TODAY + timedelta(days=n)
        body = calendar(
            stay_lines("guest@x", day(20), day(23)),
            stay_lines(f"lead-{n}@x", today, today + timedelta(days=2), "Airbnb (Not available)"),
            stay_lines(f"beyond-{n}@x", day(n + window), day(window + 420), "Airbnb (Not available)"),
        )
        reading = Content(parsing.read_calendar(body, timezone="Europe/Lisbon", today=today), None, None, "")
        decision = decide(feed, events, reading, now=NOW + timedelta(days=n), today=today)
        if n:
            assert (decision.difference.added, decision.difference.removed) == ((), ())
        feed, events = decision.feed, after(decision.difference)
        assert [e.uid for e in events if e.kind is EventKind.RESERVATION] == ["guest@x"]
        assert len(events) == 3


def test_b22_rolling_not_available_is_a_block() -> None:
    """Day after day the same block moves on; no booking is made of it (fewohbee#285)."""
    a_rolling_window_is_no_guest()


def test_b22_control_everything_a_reservation_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every event taken as a guest's, the property does not hold."""
    monkeypatch.setattr(parsing, "_kind", lambda _summary: EventKind.RESERVATION)
    caught(a_rolling_window_is_no_guest)


def test_b22_control_blocks_by_uid_alone_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a window that rolls on taken as another one, the property does not hold."""
    monkeypatch.setattr(rules._Matching, "by_overlap", lambda _self: None)
    caught(a_rolling_window_is_no_guest)


def test_a_failing_feed_is_read_ever_more_rarely_and_then_waits_for_its_host() -> None:
    """From an hour to half a day; after weeks of it the feed is paused; one good answer makes it fresh."""
    waits = [wait_after(n) for n in range(12)]
    assert waits == sorted(waits)
    assert (waits[1], waits[-1]) == (timedelta(hours=1), timedelta(hours=12))
    feed, now = FEED, NOW
    while feed.status != FeedStatus.PAUSED:
        decision = decide(feed, [known(event("a@x", 1, 2))], Failed("The site answers with 500."), now=now, today=TODAY)
        assert decision.difference.removed == ()
        feed, now = decision.feed, decision.feed.next_read_at
    assert timedelta(weeks=3) < now - NOW < timedelta(weeks=6)
    fresh = decide(feed, [], Unchanged(None, None), now=now, today=TODAY).feed
    assert (fresh.status, fresh.failures) == (FeedStatus.FRESH, 0)
    troubled = decide(feed, [], content(calendar(["UID:a"])), now=now, today=TODAY).feed
    assert (troubled.status, troubled.error) == (FeedStatus.FRESH, "An event does not say when it begins.")


def test_whether_it_is_the_same_is_asked_only_on_the_same_day() -> None:
    """A new day moves the horizon, and a failure leaves what is known in doubt: then the whole text is read."""
    fresh = decide(FEED, [], content(FULL), now=NOW, today=TODAY).feed
    failing = decide(fresh, [], Failed("no"), now=NOW, today=TODAY).feed
    asks = [rules.may_ask_whether_same(feed, today=TODAY) for feed in (FEED, fresh, failing)]
    assert asks == [False, True, False]
    assert not rules.may_ask_whether_same(fresh, today=day(1))
