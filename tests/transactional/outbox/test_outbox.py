"""The outbox loses nothing, whatever order transactions commit in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from lodestay.clock import FixedClock
from transactional.kit.connections import QuickConnections
from transactional.outbox import tail
from transactional.outbox.repository import Entry, advance, end, lag, prune, read_after, read_batch
from transactional.outbox.service import record
from transactional.outbox.topics import Topic

SINK = "index"


async def note(session: AsyncSession, listing_id: int) -> None:
    """A change of a listing."""
    await record(
        session, Topic.LISTING_UPDATED, market_key="lisbon", listing_id=listing_id, payload={"listing": listing_id}
    )


async def relay(engine: AsyncEngine, clock: FixedClock, *, limit: int = 100) -> list[int | None]:
    """One turn of a relay: read, deliver, advance, commit; the listings delivered."""
    async with AsyncSession(engine) as session:
        batch = await read_batch(session, SINK, limit=limit)
        await advance(session, SINK, batch, now=clock.now())
        await session.commit()
    return [entry.listing_id for entry in batch]


async def by_last_number(engine: AsyncEngine, after: int) -> list[Entry]:
    """The naive relay: everything above the last number seen."""
    async with AsyncSession(engine) as session:
        rows = await session.execute(
            text(
                "SELECT entry_id, 0 AS xid, occurred_at, topic, market_key, listing_id, payload FROM outbox "
                "WHERE entry_id > :after ORDER BY entry_id"
            ),
            {"after": after},
        )
        return [Entry(**row) for row in rows.mappings()]


async def nobody_holds_entries_back(session: AsyncSession) -> None:
    """Wait for transactions that are open elsewhere on the server: other tests' too hold entries back."""
    readable = text("SELECT coalesce(bool_and(xid < pg_snapshot_xmin(pg_current_snapshot())), true) FROM outbox")
    while not await session.scalar(readable):
        await session.rollback()
        await asyncio.sleep(0.01)
    await session.rollback()


async def test_entry_says_what_changed(session: AsyncSession, engine: AsyncEngine) -> None:
    """What is recorded is read back whole, once the transaction has committed and not before."""
    await note(session, 7)
    async with AsyncSession(engine) as reader:
        assert await read_batch(reader, SINK, limit=10) == []
    await session.commit()
    await nobody_holds_entries_back(session)
    async with AsyncSession(engine) as reader:
        [entry] = await read_batch(reader, SINK, limit=10)
    assert (entry.topic, entry.market_key, entry.listing_id) == ("listing.updated", "lisbon", 7)
    assert entry.payload == {"listing": 7}


async def test_rolled_back_change_tells_nobody(session: AsyncSession, engine: AsyncEngine, clock: FixedClock) -> None:
    """No change, no entry."""
    await note(session, 7)
    await session.rollback()
    assert await relay(engine, clock) == []


async def test_b32_late_commit_of_a_lower_number_is_not_lost(engine: AsyncEngine, clock: FixedClock) -> None:
    """B32: entry 1 commits after entry 2 was there to be read: both are delivered, each once."""
    async with AsyncSession(engine) as slow, AsyncSession(engine) as quick:
        await note(slow, 1)
        await note(quick, 2)
        await quick.commit()
        early = await relay(engine, clock)
        await slow.commit()
        await nobody_holds_entries_back(slow)
    assert early + await relay(engine, clock) == [1, 2]
    assert await relay(engine, clock) == []


async def test_b32_control_reading_by_the_last_number_loses_it(engine: AsyncEngine) -> None:
    """B32, control: who remembers the last number alone never sees the late one."""
    async with AsyncSession(engine) as slow, AsyncSession(engine) as quick:
        await note(slow, 1)
        await note(quick, 2)
        await quick.commit()
        early = await by_last_number(engine, after=0)
        await slow.commit()
    later = await by_last_number(engine, after=early[-1].entry_id)
    assert [entry.listing_id for entry in (*early, *later)] == [2]


async def test_order_is_kept_when_an_older_transaction_writes_last(engine: AsyncEngine, clock: FixedClock) -> None:
    """B32: who wrote first and writes again after another has committed loses nothing, batch by batch."""
    async with AsyncSession(engine) as old, AsyncSession(engine) as young:
        await note(old, 1)
        await note(young, 2)
        await young.commit()
        await note(old, 3)
        await old.commit()
        await nobody_holds_entries_back(old)
    delivered = [await relay(engine, clock, limit=1) for _ in range(4)]
    assert sorted(n for batch in delivered for n in batch if n is not None) == [1, 2, 3]


async def test_undelivered_batch_comes_again(session: AsyncSession, engine: AsyncEngine) -> None:
    """A relay that dies before it advanced reads the same entries again."""
    await note(session, 7)
    await session.commit()
    await nobody_holds_entries_back(session)
    for _ in range(2):
        async with AsyncSession(engine) as reader:
            assert len(await read_batch(reader, SINK, limit=10)) == 1


async def test_two_workers_of_a_sink_do_not_share_a_batch(session: AsyncSession, engine: AsyncEngine) -> None:
    """While one worker has a batch in hand the other gets none; another sink goes its own way."""
    await note(session, 7)
    await session.commit()
    await nobody_holds_entries_back(session)
    async with AsyncSession(engine) as first:
        await read_batch(first, SINK, limit=10)
        await first.commit()  # the sink is known
        assert len(await read_batch(first, SINK, limit=10)) == 1
        async with AsyncSession(engine) as second:
            assert await read_batch(second, SINK, limit=10) == []
            assert len(await read_batch(second, "lake", limit=10)) == 1


async def test_prune_keeps_what_a_sink_has_not_read(
    session: AsyncSession, engine: AsyncEngine, clock: FixedClock
) -> None:
    """Only entries that every sink has taken in, and that are old enough, go."""
    for listing_id in (1, 2, 3):
        await note(session, listing_id)
        await session.commit()
    await nobody_holds_entries_back(session)
    after_all = clock.now() + timedelta(days=36_500)
    assert await prune(session, before=after_all) == 0
    await session.commit()
    assert await relay(engine, clock, limit=2) == [1, 2]
    assert await lag(session, SINK) == 1
    assert await prune(session, before=clock.now() - timedelta(days=36_500)) == 0
    assert await prune(session, before=after_all) == 2
    await session.commit()
    assert await relay(engine, clock) == [3]
    assert await lag(session, SINK) == 0


async def test_the_tail_is_heard_as_it_is_committed_and_once(engine: AsyncEngine, database_url: str) -> None:
    """An entry is heard although an older transaction is open, and not again when its place is settled.

    The place that is settled does not go beyond what may still appear, and in the end passes all of it.
    """
    quick = QuickConnections(database_url, tail.STATEMENTS, size=1, lock_timeout_ms=1_000)
    async with AsyncSession(engine) as old, AsyncSession(engine) as young:
        begun = tail.Place(await end(old))
        await note(old, 1)
        await note(young, 2)
        await young.commit()
        early = await tail.read_tail(quick, begun, limit=10)
        assert (early.listing_ids, early.is_all) == ([2], True)
        assert (await tail.read_tail(quick, early.place, limit=10)).listing_ids == []
        await note(old, 3)
        await old.commit()
        await nobody_holds_entries_back(old)
        entries = await read_after(old, begun.position, limit=10)
    settled = await tail.read_tail(quick, early.place, limit=10)
    again = await tail.read_tail(quick, settled.place, limit=10)
    quick.close()
    assert settled.listing_ids == [1, 3]
    assert early.place.position.xid <= min(entry.xid for entry in entries)
    assert settled.place.position.xid > max(entry.xid for entry in entries)
    assert (again.listing_ids, again.is_all) == ([], True)


async def test_what_was_heard_early_is_not_gone_through_again(engine: AsyncEngine, database_url: str) -> None:
    """However many changes were heard while an import was open, what comes after it is heard at once."""
    quick = QuickConnections(database_url, tail.STATEMENTS, size=1, lock_timeout_ms=1_000)
    async with AsyncSession(engine) as old, AsyncSession(engine) as young:
        place = tail.Place(await end(old))
        await note(old, 1)
        for number in range(2, 12):
            await note(young, number)
            await young.commit()
        early = await tail.read_tail(quick, place, limit=2)
        await old.commit()
        await nobody_holds_entries_back(old)
        await note(young, 12)
        await young.commit()
    news = await tail.read_tail(quick, early.place, limit=3)
    quick.close()
    assert sorted(early.listing_ids) == list(range(2, 12))
    assert (sorted(news.listing_ids), news.is_all) == ([1, 12], True)


async def test_a_tail_that_is_read_in_parts_loses_nothing(engine: AsyncEngine, database_url: str) -> None:
    """Where more entries are settled than are read at a time, what the snapshot saw of the others is still news."""
    quick = QuickConnections(database_url, tail.STATEMENTS, size=1, lock_timeout_ms=1_000)
    async with AsyncSession(engine) as writer:
        place = tail.Place(await end(writer))
        for number in range(1, 6):
            await note(writer, number)
            await writer.commit()
        await nobody_holds_entries_back(writer)
    parts = []
    while (news := await tail.read_tail(quick, place, limit=2)).listing_ids:
        place = news.place
        parts.append((news.listing_ids, news.is_all))
    quick.close()
    assert parts == [([1, 2], False), ([3, 4], False), ([5], True)]


async def test_what_another_run_of_the_server_took_for_seen_is_heard(engine: AsyncEngine, database_url: str) -> None:
    """After a crash numbers of transactions are given again: entries that the old snapshot took for seen are news.

    In the same run they are not, so it is the run that decides; all of them come at once, however few are asked for.
    """
    quick = QuickConnections(database_url, tail.STATEMENTS, size=1, lock_timeout_ms=1_000)
    async with AsyncSession(engine) as writer:
        before = (await tail.read_tail(quick, tail.Place(await end(writer)), limit=10)).place
        for number in range(1, 6):
            await note(writer, number)
            await writer.commit()
        await nobody_holds_entries_back(writer)
    after = (await tail.read_tail(quick, before, limit=10)).place
    reused = replace(after, last=before.last, mark=before.mark)
    assert (await tail.read_tail(quick, reused, limit=2)).listing_ids == []
    news = await tail.read_tail(quick, replace(reused, run="another run"), limit=2)
    again = await tail.read_tail(quick, news.place, limit=2)
    quick.close()
    assert (sorted(news.listing_ids), news.is_all, news.is_earlier) == ([1, 2, 3, 4, 5], True, False)
    assert (again.listing_ids, news.place.run) == ([], before.run)


async def test_a_server_that_lacks_what_was_read_is_at_an_earlier_state(engine: AsyncEngine, database_url: str) -> None:
    """A backup or a late standby gives the same number to another entry, or to none; the same run never does."""
    quick = QuickConnections(database_url, tail.STATEMENTS, size=1, lock_timeout_ms=1_000)
    async with AsyncSession(engine) as writer:
        begun = tail.Place(await end(writer))
        await note(writer, 1)
        await writer.commit()
        await nobody_holds_entries_back(writer)
    read = (await tail.read_tail(quick, begun, limit=10)).place
    elsewhere = replace(read, run="another run")
    told = [
        (await tail.read_tail(quick, place, limit=10)).is_earlier
        for place in (
            read,
            elsewhere,
            replace(elsewhere, mark="another entry"),
            replace(elsewhere, last=read.last + 9),
            replace(read, mark="another entry"),
            replace(begun, run="another run"),
        )
    ]
    quick.close()
    assert told == [False, False, True, True, False, False]


async def test_what_is_heard_early_waits_for_the_last_part(engine: AsyncEngine, database_url: str) -> None:
    """Read in parts, entries that an open transaction keeps unsettled are heard once, with the last of the others."""
    quick = QuickConnections(database_url, tail.STATEMENTS, size=1, lock_timeout_ms=1_000)
    async with AsyncSession(engine) as old, AsyncSession(engine) as young:
        place = tail.Place(await end(young))
        for number in range(1, 4):
            await note(young, number)
            await young.commit()
        await nobody_holds_entries_back(young)
        await note(old, 9)
        await note(young, 4)
        await young.commit()
        first = await tail.read_tail(quick, place, limit=2)
        second = await tail.read_tail(quick, first.place, limit=2)
    quick.close()
    assert (first.listing_ids, first.is_all) == ([1, 2], False)
    assert (second.listing_ids, second.is_all) == ([3, 4], True)
