"""A run: a PostgreSQL of its own, workers, kills, and the checks of every history that is closed."""

from __future__ import annotations

import shutil
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg
from psycopg import sql

from bench.proof import checks
from bench.proof.books import Books
from bench.proof.chaos import KINDS, PROCESSOR, Chaos, Crew
from bench.proof.checks import Evidence, Violation
from bench.proof.distant import Address, teach
from bench.proof.log import Entry, Reader
from bench.proof.marketplace import make
from bench.proof.marks import Marks
from bench.proof.plan import Plan
from bench.proof.processor import InProcess
from bench.proof.worker import Assignment
from lodestay.errors import ServiceUnavailable
from lodestay.local.catalogue import SERVICES
from lodestay.local.postgres import database_url
from lodestay.local.supervisor import Supervisor
from lodestay.settings import generated_secret
from transactional.migrations.run import upgrade

BATCH: Final = 100
"""Histories that are checked together."""
RECOVERY: Final = 60.0
"""Seconds that PostgreSQL may take to be there again."""
MANY_DEATHS: Final = 5
"""Workers that ended by an error of their own, after which a run is given up."""
_PAUSE: Final = 0.1
_FOUND: Final = """
    SELECT 'bookings ' || status, count(*) FROM bookings GROUP BY 1
    UNION ALL SELECT 'sagas ' || kind || ' ' || status || coalesce(': ' || left(error, 40), ''), count(*)
    FROM sagas GROUP BY 1
    UNION ALL SELECT 'payments ' || status, count(*) FROM payments GROUP BY 1
    UNION ALL SELECT 'refunds ' || status, count(*) FROM refunds GROUP BY 1
    UNION ALL SELECT 'payouts ' || status, count(*) FROM payouts GROUP BY 1
    UNION ALL SELECT 'modifications ' || status, count(*) FROM modifications GROUP BY 1
    UNION ALL SELECT 'messages ' || status, count(*) FROM webhook_messages GROUP BY 1
    UNION ALL SELECT 'feed events ' || status, count(*) FROM feed_events GROUP BY 1
    UNION ALL SELECT 'ledger transactions', count(*) FROM ledger_transactions
    UNION ALL SELECT 'events of bookings', count(*) FROM booking_events
    ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be run.

    Attributes
    ----------
    seed
        Of the first history; the others have the numbers that follow.
    kills
        Spread evenly over the histories, or over the minutes where those are over earlier.
    minutes, at_least
        After which a run ends that has not come to its end, if so many histories are closed: these are checked.
    at_a_time
        Histories under way in one worker.
    blocking
        Whether a worker does one transaction at a time; otherwise as many as its lanes want, through asyncio.
    over_http
        Whether the payment processor is a process of its own, which is killed as well.
    """

    seed: int = 1
    histories: int = 100
    workers: int = 4
    kills: int = 0
    minutes: float = 60.0
    at_least: int = 0
    at_a_time: int = 4
    blocking: bool = True
    over_http: bool = False


@dataclass
class Outcome:
    """What came of a run.

    Attributes
    ----------
    operations
        By name and outcome.
    refusals
        By slug.
    kills
        By kind.
    found
        What the histories came to: rows by table and state.
    """

    order: Order
    histories: int = 0
    operations: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def operation_count(self) -> int:
        """Operations that came to an outcome."""
        return sum(self.operations.values())


Report = Callable[[str], None]


@contextmanager
def postgres(home: Path, *, keep: bool = False) -> Iterator[Supervisor]:
    """A PostgreSQL of the run's own: nobody else's is ever killed."""
    services = Supervisor(home, services=SERVICES, outside={}, report=lambda _name, _text: None)
    services.up(["postgres"])
    try:
        yield services
    finally:
        if not keep:
            _remove(services)


def _remove(services: Supervisor) -> None:
    services.down(["postgres", "processor"])
    for left in services.folders():
        shutil.rmtree(left, ignore_errors=True)


def run(order: Order, services: Supervisor, folder: Path, *, report: Report) -> Outcome:
    """Run histories with workers of their own, killing as ordered, and check each one that is closed."""
    plans = [Plan(order.seed + place) for place in range(order.histories)]
    address = prepare(services, plans)
    marks = Marks.create(folder / "marks", histories=order.histories, workers=order.workers)
    distant = start_processor(services) if order.over_http else None
    books = folder / "processor.sqlite" if distant is None else services.home / "processor" / "processor.sqlite"
    InProcess.open(books, seed=order.seed).bank.store.close()
    assignment = Assignment(
        folder=folder,
        books=books,
        distant=distant,
        database_url=address,
        first_seed=order.seed,
        histories=order.histories,
        workers=order.workers,
        at_a_time=order.at_a_time,
        blocking=order.blocking,
    )
    crew = Crew([replace(assignment, number=number) for number in range(order.workers)])
    victims = (*KINDS, PROCESSOR) if order.over_http else KINDS
    chaos = Chaos(crew, services, Random(f"{order.seed}:kills"), cycle(victims))
    examiner = Examiner(order, assignment, marks)
    started = time.monotonic()
    crew.start()
    try:
        while not crew.is_done and len(crew.deaths) < MANY_DEATHS:
            passed = (time.monotonic() - started) / (60 * order.minutes)
            if passed >= 1 and marks.closed_in_order >= order.at_least:
                break
            crew.replace_dead()
            if chaos.done.total() < order.kills * max(min(passed, 1.0), float(marks.closed.mean())):
                chaos.strike()
            if examiner.examine(at_least=BATCH):
                report(examiner.line(time.monotonic() - started, chaos.done.total()))
            time.sleep(_PAUSE)
    finally:
        crew.stop()
    examiner.finish()
    outcome = examiner.outcome
    outcome.found = examiner.count()
    outcome.kills, outcome.seconds = chaos.done, time.monotonic() - started
    outcome.violations += [
        Violation("a worker ends by itself or is killed", order.seed, death) for death in crew.deaths
    ]
    return outcome


def start_processor(services: Supervisor) -> Address:
    """Start the payment processor as a process of its own, and have it lie."""
    services.up(["processor"])
    url = services.records.endpoints()["LODESTAY_PROCESSOR_URL"]
    address = Address(url, generated_secret(services.home, "processor_key"))
    teach(address)
    return address


def prepare(services: Supervisor, plans: list[Plan]) -> str:
    """A database with the marketplace that histories need; say where it is."""
    server = services.records.endpoints()["LODESTAY_DATABASE_URL"]
    name = f"proof_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    address = database_url(server, name)
    upgrade(address)
    with psycopg.connect(address) as connection:
        make(connection, plans)
    return address


class Examiner:
    """Reads what the workers say, and checks the histories that are closed."""

    def __init__(self, order: Order, assignment: Assignment, marks: Marks) -> None:
        self.outcome = Outcome(order)
        self._order = order
        self._marks = marks
        self._address = assignment.database_url
        self._readers = [Reader(assignment.log(number)) for number in range(order.workers)]
        self._books = Books(assignment.books)
        self._entries: dict[int, list[Entry]] = defaultdict(list)

    def examine(self, *, at_least: int) -> bool:
        """Check what was closed since the last time, where that is enough to be worth it; say whether it was."""
        done = self.outcome.histories
        closed = min(self._marks.closed_in_order, done + BATCH)  # before the logs are read: theirs is all there
        if closed - done < at_least:
            return False
        self._read()
        first, last = self._order.seed + done, self._order.seed + closed
        try:
            with psycopg.connect(self._address, connect_timeout=5) as connection:
                found = checks.violations(self._evidence(connection, first, last))
        except psycopg.OperationalError:  # one of PostgreSQL's deaths: later again
            time.sleep(_PAUSE)
            return False
        for seed in range(first, last):
            del self._entries[seed]
        self.outcome.violations += found
        self.outcome.histories = closed
        return True

    def finish(self) -> None:
        """Check every history that is closed, as soon as the database has recovered."""
        patience = time.monotonic() + RECOVERY
        while self.outcome.histories < self._marks.closed_in_order:
            if not self.examine(at_least=1) and time.monotonic() > patience:
                raise ServiceUnavailable("PostgreSQL has not recovered.", hint="Its log is in the run's folder.")

    def count(self) -> dict[str, int]:
        """What the histories came to."""
        with psycopg.connect(self._address) as connection:
            return {str(what): int(count) for what, count in connection.execute(_FOUND)}

    def line(self, seconds: float, kills: int) -> str:
        """Where the run is."""
        done = self.outcome.operation_count
        return (
            f"{self.outcome.histories:,} of {self._order.histories:,} histories, {done:,} operations"
            f" ({done / seconds:.0f}/s), {kills} kills, {len(self.outcome.violations)} violations"
        )

    def _evidence(self, connection: psycopg.Connection[Any], first: int, last: int) -> Evidence:
        entries = [entry for seed in range(first, last) for entry in self._entries[seed]]
        return Evidence(connection=connection, books=self._books, first=first, last=last, entries=entries)

    def _read(self) -> None:
        for reader in self._readers:
            for entry in reader.fresh():
                self._entries[entry.seed].append(entry)
                self.outcome.operations[entry.operation, entry.outcome] += 1
                if entry.outcome == "refused":
                    self.outcome.refusals[entry.because] += 1
