"""The proof, in short: no promise is broken under kills; and each check does see the promise that it is for broken.

The long run is `make prove`. The controls break one thing each, in the tables, in the processor's books or
in a guard, and the harness must name it.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from bench.proof import checks, operations, worker
from bench.proof.books import Books
from bench.proof.chaos import SERVER, WORKER
from bench.proof.checks import Evidence, Violation
from bench.proof.log import Acknowledged, Entry, Reader, Writer
from bench.proof.marks import Marks
from bench.proof.plan import LANES, STEPS, Plan
from bench.proof.run import Order, prepare, run
from bench.proof.run import postgres as postgres_of_its_own
from bench.proof.worker import Assignment
from lodestay.local.supervisor import Supervisor
from transactional.bookings import service
from transactional.calendars.models import OCCUPANCY_NO_OVERLAP
from transactional.listings import repository as listings

SEED = 20_261_126
FEW = 4


@dataclass(frozen=True)
class Played:
    """Histories that were played in this process, with what is needed to judge them."""

    assignment: Assignment

    def entries(self) -> list[Entry]:
        """What the worker said."""
        return list(Reader(self.assignment.log(0)).fresh())

    def violations(self, connection: psycopg.Connection, *, books: Path | None = None) -> list[Violation]:
        """What is wrong, seen from a transaction and the processor's books."""
        read = Books(books or self.assignment.books)
        try:
            first = self.assignment.first_seed
            last = first + self.assignment.histories
            evidence = Evidence(connection=connection, books=read, first=first, last=last, entries=self.entries())
            return checks.violations(evidence)
        finally:
            read.close()

    def rules(self, connection: psycopg.Connection, *, books: Path | None = None) -> set[str]:
        """Which promises are broken."""
        return {violation.rule for violation in self.violations(connection, books=books)}


def order_in(folder: Path, services: Supervisor, *, blocking: bool, histories: int = FEW) -> Assignment:
    """A database with a marketplace, and one worker who has all lanes of all its histories."""
    folder.mkdir(exist_ok=True)
    address = prepare(services, [Plan(SEED + place) for place in range(histories)])
    Marks.create(folder / "marks", histories=histories, workers=1)
    return Assignment(
        folder=folder,
        database_url=address,
        books=folder / "processor.sqlite",
        first_seed=SEED,
        histories=histories,
        workers=1,
        at_a_time=histories,
        blocking=blocking,
    )


@pytest.fixture(scope="module")
def server(services: Supervisor, postgres: str) -> Supervisor:
    """The session's PostgreSQL: nothing is killed here."""
    return services


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, server: Supervisor) -> Played:
    """A few histories, played once for all controls."""
    assignment = order_in(tmp_path_factory.mktemp("proof"), server, blocking=True)
    asyncio.run(worker.work(assignment))
    return Played(assignment)


@pytest.fixture
def tables(played: Played) -> Iterator[psycopg.Connection]:
    """The tables that the histories left, to be tampered with: everything is undone afterwards."""
    with psycopg.connect(played.assignment.database_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
        yield connection
        connection.rollback()


@pytest.mark.slow
def test_short_run_with_kills(tmp_path: Path) -> None:
    """B7-B18, B26-B34: histories under kill -9 of workers and PostgreSQL, and a processor that lies: nothing broken."""
    order = Order(seed=SEED, histories=300, workers=2, kills=5, minutes=0.6, at_least=4, at_a_time=2)
    with postgres_of_its_own(tmp_path / "home") as own:
        outcome = run(order, own, tmp_path, report=lambda _: None)
    assert outcome.violations == []
    assert outcome.histories >= order.at_least
    assert outcome.operation_count >= outcome.histories * LANES * STEPS
    assert outcome.kills[WORKER] >= 1
    assert outcome.kills[SERVER] >= 1


def test_nothing_is_wrong_with_what_was_played(played: Played, tables: psycopg.Connection) -> None:
    """The controls below start from histories without a violation, in which something happened."""
    assert played.violations(tables) == []
    done = {entry.operation for entry in played.entries() if entry.outcome == "done"}
    assert {"hold", "request", "pay", "work", "webhook", "cancel", "import", "block"} <= done


def test_a_seed_replays_its_histories(tmp_path: Path, server: Supervisor, played: Played) -> None:
    """One worker with the same seed does the same operations again, with the same outcomes."""
    again = Played(order_in(tmp_path / "again", server, blocking=True))
    asyncio.run(worker.work(again.assignment))
    first, second = (
        [
            (entry.seed, entry.lane, entry.step, entry.operation, entry.outcome, entry.because)
            for entry in each.entries()
        ]
        for each in (played, again)
    )
    assert first == second


def test_control_without_guards_an_overlap_is_reported(
    tmp_path: Path, server: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the listing's lock nor the constraint, and time between look and leap: shared nights are found."""
    unguarded = Played(order_in(tmp_path / "unguarded", server, blocking=False))
    lock = str(listings._LOCK).replace("FOR NO KEY UPDATE OF listings", "")
    monkeypatch.setattr(listings, "_LOCK", text(lock))
    looked = service.require_available

    async def look_and_linger(*arguments: Any) -> None:
        await looked(*arguments)
        await asyncio.sleep(0.05)

    monkeypatch.setattr(service, "require_available", look_and_linger)
    with psycopg.connect(unguarded.assignment.database_url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE occupancy DROP CONSTRAINT {OCCUPANCY_NO_OVERLAP}")
        asyncio.run(worker.work(unguarded.assignment))
        assert "no two live stays share a night" in unguarded.rules(connection)


TAMPERED = {
    "no acknowledged booking is lost": "DELETE FROM bookings WHERE status = 'cancelled'",
    "replay equals the tables": "UPDATE bookings SET guests = guests + 1",
    "every saga is over within a minute": "UPDATE sagas SET status = 'running'",
    "a guest owes nothing and is owed nothing": "DELETE FROM ledger_transactions WHERE kind = 'captured'",
    "nothing is charged twice": "UPDATE payments SET captured_minor = 0, refunded_minor = 0",
}


@pytest.mark.parametrize(("rule", "statement"), TAMPERED.items(), ids=TAMPERED)
def test_control_what_is_tampered_with_is_reported(
    played: Played, tables: psycopg.Connection, rule: str, statement: str
) -> None:
    """A row changed behind everybody's back breaks the promise that is about it."""
    assert (tables.execute(statement).rowcount or 0) > 0
    assert rule in played.rules(tables)


def test_control_an_unbalanced_ledger_row_is_reported(played: Played, tables: psycopg.Connection) -> None:
    """One minor unit too many, with the constraint that would refuse it gone."""
    tables.execute("ALTER TABLE ledger_transactions DROP CONSTRAINT ck_ledger_transactions_nets_to_zero")
    tables.execute("""
        UPDATE ledger_transactions SET amounts_minor[1] = amounts_minor[1] + 1
        WHERE transaction_id = (SELECT min(transaction_id) FROM ledger_transactions)
    """)
    assert "every ledger transaction nets to zero" in played.rules(tables)


def test_control_a_lost_event_is_reported(played: Played, tables: psycopg.Connection) -> None:
    """An acknowledged change whose event is gone is lost, although the booking is there."""
    tables.execute("DELETE FROM booking_events WHERE seq > 1")
    assert {"no acknowledged booking is lost", "replay equals the tables"} <= played.rules(tables)


def test_control_a_doubled_charge_is_reported(played: Played, tables: psycopg.Connection, tmp_path: Path) -> None:
    """The processor has captured a payment once more, under another key: its books are believed, not our tables."""
    books = tmp_path / "books.sqlite"
    shutil.copy(played.assignment.books, books)
    with sqlite3.connect(books) as file:
        doubled = file.execute("""
            INSERT INTO authorisations
            SELECT id || '_again', key || '_again', payment_method, amount_minor, currency, reference, status, code,
                   captured_minor, refunded_minor, created_at, expires_at, resolves_at
            FROM authorisations WHERE captured_minor > 0 LIMIT 1
        """)
        assert doubled.rowcount == 1
    file.close()
    found = [each.what for each in played.violations(tables, books=books) if each.rule == "nothing is charged twice"]
    assert any("captured 2 times" in what for what in found)


def test_control_a_fault_is_reported(tmp_path: Path, server: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that ends in anything but a refusal with a name is a violation, and the history goes on."""

    async def broken(_turn: object) -> None:
        raise RuntimeError("broken")

    faulty = Played(order_in(tmp_path / "faulty", server, blocking=True, histories=1))
    only = replace(operations.FIRST, work=broken)
    monkeypatch.setattr("bench.proof.lanes.OPERATIONS", (only,))
    monkeypatch.setattr("bench.proof.lanes.WEIGHTS", (1,))
    monkeypatch.setattr("bench.proof.lanes.RUSHES", (only,))
    asyncio.run(worker.work(faulty.assignment))
    with psycopg.connect(faulty.assignment.database_url) as connection:
        found = faulty.violations(connection)
    assert len(found) == LANES * STEPS
    assert {each.rule for each in found} == {"every refusal has a name"}


def test_plan_follows_from_its_seed() -> None:
    """Instants and draws are the seed's; other seeds have other listings and people."""
    plan, other = Plan(7), Plan(8)
    assert plan.instants == Plan(7).instants != other.instants
    assert list(plan.instants) == sorted(plan.instants)
    assert plan.draws(1, 2).random() == Plan(7).draws(1, 2).random() != plan.draws(2, 1).random()
    assert not set(plan.listing_ids) & set(other.listing_ids)
    assert not {actor.user_id for actor in plan.guests} & {actor.user_id for actor in other.guests}


def test_marks_outlive_who_wrote_them(tmp_path: Path) -> None:
    """What one mapping of the file wrote, another reads."""
    marks = Marks.create(tmp_path / "marks", histories=3, workers=2)
    marks.steps[:, 0] = STEPS
    marks.closed[0] = 1
    marks.started[1] = 2
    again = Marks.open(tmp_path / "marks", histories=3, workers=2)
    assert again.is_over(0)
    assert not again.is_over(1)
    assert again.closed_in_order == 1
    assert list(again.started) == [0, 2]


def test_log_waits_for_a_line_that_is_torn(tmp_path: Path) -> None:
    """A reader takes whole lines alone, and each once."""
    entry = Entry(1, 0, 2, "hold", "done", "", (Acknowledged("booking", "b", 1),))
    writer = Writer(tmp_path / "log")
    reader = Reader(tmp_path / "log")
    writer.write(entry)
    with (tmp_path / "log").open("ab") as file:
        file.write(entry.line[:10])
    assert list(reader.fresh()) == [entry]
    assert list(reader.fresh()) == []
    with (tmp_path / "log").open("ab") as file:
        file.write(entry.line[10:])
    assert list(reader.fresh()) == [entry]
    writer.close()
