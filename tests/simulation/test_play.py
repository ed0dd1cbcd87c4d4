"""Playing past days on a real database: the log, the bookings and the truth agree, once and for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.lake import RAW_EVENTS, TRUTH_SESSIONS
from lodestay.snapshot import Snapshot
from search.events import BookingEvent, Event, SearchEvent
from simulation import play as play_module
from simulation.play import EVENT_FILE, InvalidPlay, MarketReport, NothingToPlay, Script, play
from simulation.supply import generate_markets
from simulation.truth import SESSIONS, write_latent
from transactional.imports.service import load_snapshot

TODAY = date(2026, 11, 22)
CLOCK = FixedClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
SCRIPT = Script(days=3, searches=600, seed=4)
EVENT: TypeAdapter[Event] = TypeAdapter(Event)

Sessions = async_sessionmaker[AsyncSession]


def _only_ahead(snapshot: Snapshot) -> Snapshot:
    """The snapshot as an import has it: another source, and no night before today."""
    nights = snapshot.nights
    assert nights is not None
    ahead = nights.filter(pc.greater_equal(nights["night"], TODAY))
    return replace(snapshot, source="inside-airbnb", nights=ahead)


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """An empty lake."""
    return str(tmp_path / "lake")


@pytest.fixture
def loaded(database_url: str, lake: str) -> str:
    """A database with a synthetic Paris and Tokyo, and a Lisbon that was imported."""
    made = generate_markets(listings=240, seed=4, as_of=TODAY)[:3]
    with psycopg.connect(database_url) as connection:
        for market in made:
            key = market.snapshot.market.market_key
            imported = key == "lisbon"
            load_snapshot(connection, _only_ahead(market.snapshot) if imported else market.snapshot, clock=CLOCK)
            if not imported:
                write_latent(lake, market.latent, market=key)
    return database_url


@pytest.fixture
def sessions(loaded: str, engine: AsyncEngine) -> Sessions:
    """Sessions on the loaded database."""
    return async_sessionmaker(engine, expire_on_commit=False)


async def _play(
    sessions: Sessions, lake: str, *, script: Script = SCRIPT, clock: FixedClock = CLOCK
) -> list[MarketReport]:
    return await play(sessions, lake=lake, clock=clock, script=script, progress=lambda _text: None)


async def _bookings(sessions: Sessions) -> list[tuple[object, ...]]:
    async with sessions() as session:
        rows = await session.execute(
            text("SELECT listing_id, check_in, check_out, guests, currency, total_minor, created_at FROM bookings")
        )
        return sorted(tuple(row) for row in rows)


def _files(lake: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(lake).rglob("*")) if path.is_file()}


def _events(lake: str) -> list[Event]:
    files = sorted(Path(RAW_EVENTS.path(lake)).rglob(EVENT_FILE))
    return [EVENT.validate_json(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _marks(lake: str) -> list[Path]:
    return list(Path(TRUTH_SESSIONS.path(lake)).rglob("*.parquet"))


async def test_log_bookings_and_truth_agree(sessions: Sessions, lake: str) -> None:
    """Every booking of the log is in the database at the same price, and every page has its truth."""
    reports = await _play(sessions, lake)
    events = _events(lake)
    assert sum(report.searches for report in reports) == SCRIPT.searches
    assert sum(isinstance(event, SearchEvent) for event in events) == SCRIPT.searches
    booked = [event for event in events if isinstance(event, BookingEvent)]
    assert sum(report.bookings for report in reports) == len(booked) > 10
    assert sum(report.bookings_refused for report in reports) == 0
    assert await _bookings(sessions) == sorted(
        (e.listing_id, e.check_in, e.check_out, e.guests, e.currency, e.total_minor, e.occurred_at) for e in booked
    )
    for report in reports:
        for back in (1, 2, 3):
            day = TODAY - timedelta(days=back)
            truth = pq.read_table(
                f"{TRUTH_SESSIONS.partition(lake, day=day, market=report.market)}/part-0.parquet", partitioning=None
            )
            assert truth.schema.equals(SESSIONS)
    assert {event.occurred_at.date() for event in events} == {TODAY - timedelta(days=back) for back in (1, 2, 3)}


async def test_imported_market_is_booked_ahead_of_today_only(sessions: Sessions, lake: str) -> None:
    """Where past nights are unknown, guests look for the nights that are known."""
    reports = {report.market: report for report in await _play(sessions, lake)}
    lisbon = [event for event in _events(lake) if event.market == "lisbon"]
    assert reports["lisbon"].searches > 50
    assert any(isinstance(event, BookingEvent) for event in lisbon)
    shown = [event for event in lisbon if isinstance(event, SearchEvent) and event.results]
    assert len(shown) > 0.5 * reports["lisbon"].searches
    assert all(event.check_in is not None and event.check_in >= TODAY for event in shown)


async def test_second_run_changes_nothing(sessions: Sessions, lake: str) -> None:
    """The same play again skips every day: no file and no booking is another one."""
    await _play(sessions, lake)
    files, bookings = _files(lake), await _bookings(sessions)
    again = await _play(sessions, lake)
    assert [(report.days_played, report.days_skipped, report.bookings) for report in again] == [(0, 3, 0)] * 3
    assert _files(lake) == files
    assert await _bookings(sessions) == bookings


async def test_a_day_later_only_the_new_day_is_played(sessions: Sessions, lake: str) -> None:
    """The window moves with the clock; what it still holds stays as it was."""
    await _play(sessions, lake)
    files = _files(lake)
    tomorrow = FixedClock(CLOCK.now() + timedelta(days=1))
    reports = await _play(sessions, lake, clock=tomorrow)
    assert [(report.days_played, report.days_skipped) for report in reports] == [(1, 2)] * 3
    assert files.items() <= _files(lake).items()


async def test_failed_run_leaves_no_mark_and_is_made_good(
    sessions: Sessions, lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure while the truth is written takes the bookings back; the next run writes what a whole one would."""
    written = []

    def full_disk(*_args: object, **_kwargs: object) -> None:
        written.append(1)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(play_module, "write_sessions", full_disk)
        with pytest.raises(OSError, match="No space"):
            await _play(sessions, lake)
    assert written
    assert await _bookings(sessions) == []
    assert _marks(lake) == []
    reports = await _play(sessions, lake)
    assert [report.days_skipped for report in reports] == [0, 0, 0]
    assert len(await _bookings(sessions)) == sum(isinstance(event, BookingEvent) for event in _events(lake))


async def test_empty_database_says_what_to_do(engine: AsyncEngine, lake: str) -> None:
    """Without a market there is nothing to play, and the way out is named."""
    with pytest.raises(NothingToPlay) as refusal:
        await _play(async_sessionmaker(engine), lake)
    assert "lodestay generate" in str(refusal.value.hint)


@pytest.mark.parametrize(("days", "searches", "seed"), [(0, 1, 1), (366, 1, 1), (1, 0, 1), (1, 1, -1)])
def test_impossible_scripts_are_refused(days: int, searches: int, seed: int) -> None:
    """Days, searches and seed have their limits, each with a hint."""
    with pytest.raises(InvalidPlay, match="cannot be played"):
        Script(days=days, searches=searches, seed=seed)
