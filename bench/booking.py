"""Bookings a second over HTTP, beside the designs that come to mind first; the fight for one listing; a crash."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
import orjson

from bench.booking_arena import Api, Arena
from bench.booking_stock import STAYS_EACH
from bench.load import Load, Outcome
from bench.naive_booking import DESIGNS
from bench.report import Figure
from lodestay.errors import ServiceUnavailable

AIM = 1_000
"""Bookings a second that the long run is held to, where the machine can do them at all."""
OURS, NAIVE = "serving.app:create_app", "bench.naive_booking:create_app"
CONNECTIONS = (4, 8, 16, 32)
FEW, CROWD = 8, 32
MOST = 1_000
"""Bookings a second that nobody expects: so much stock is made."""
WARM_UP = 1_500
SHARE_OF_BEST = 0.8
RELEASE_SECONDS = 0.05

NOTES = """
A booking is one call of `POST /v1/instant-bookings`: the token is verified, the quote's signature and the processor's
receipt are checked, and one statement claims the idempotency key, locks the listing, makes sure that the nights are
free and writes booking, nights, event (hash-chained), outbox entry, ledger transaction (it balances, or the database
refuses it), payment, saga and answer, and commits (`fsync` is on). One process of the API, PostgreSQL and the load
generator share the cores; every call is another guest's quote for other nights. In a closed loop each connection sends
when it is answered; in an open loop calls fall due at a fixed rate, and the time counts from when they were due. The
naive designs run behind the same application, checks and rows (`bench/naive_booking.py`). In the fight 32 connections
want twenty nights of one listing, which are put back on the market twenty times a second. In the crash PostgreSQL is
killed (`kill -9`) at full load and started again at once.
"""


def measure(seconds: float) -> list[Figure]:
    """Take every figure; the long run takes `seconds`, the others a fraction of it."""
    home = Path(tempfile.mkdtemp(prefix="lodestay-bench-"))
    short = min(20.0, max(4.0, seconds / 8))
    stays = MOST * (len(CONNECTIONS) + 3) * short + AIM * 1.2 * seconds + WARM_UP * 10
    arena = Arena(home, listings=int(stays / STAYS_EACH) + 1)
    try:
        with arena.api(OURS) as api:
            _warm_up(api)
            best, figures = _closed_loops(api, short)
            figures += _long_run(api, best=best, seconds=seconds)
            figures += _naive(arena, api, short)
            figures += _crash(api, short)
        figures += _verdict(arena)
    finally:
        arena.close()
        shutil.rmtree(home, ignore_errors=True)
    return figures


def _warm_up(api: Api) -> None:
    """Have every connection opened, every plan made and the planner's figures taken."""
    for _ in range(2):
        Load((api.port,), iter(api.arena.calls(WARM_UP)), connections=CROWD, rate=None).run(60)
        api.arena.settle()


def _closed_loops(api: Api, seconds: float) -> tuple[float, list[Figure]]:
    """Rate and latency by the number of connections; the best rate."""
    best, figures = 0.0, []
    for connections in CONNECTIONS:
        outcome = _fire(api, api.arena.calls(int(MOST * seconds)), connections=connections, seconds=seconds)
        best = max(best, outcome.rate)
        what = f"closed loop, {connections} connections"
        figures.append(Figure(f"{what}: bookings", "/s", outcome.rate, None, None))
        figures.append(Figure(f"{what}: p99", "ms", _percentile(outcome, 99), None, None))
    return best, figures


def _long_run(api: Api, *, best: float, seconds: float) -> list[Figure]:
    """An open loop at the rate aimed at, or at what leaves some room below the best."""
    rate = min(float(AIM), SHARE_OF_BEST * best)
    calls = api.arena.calls(int(rate * seconds) + CROWD)
    before = api.gauge()
    outcome = _fire(api, calls, connections=CROWD, seconds=seconds, rate=rate)
    used, done = api.gauge().since(before), max(1, outcome.done)
    what = f"open loop at {rate:,.0f}/s for {seconds / 60:.1f} minutes"
    return [
        Figure(f"{what}: bookings", "/s", outcome.rate, None, None),
        *(Figure(f"{what}: p{part}", "ms", _percentile(outcome, part), None, None) for part in (50, 99, 99.9)),
        Figure(f"{what}: answers that were no booking", "", outcome.statuses.total() - outcome.done, None, None),
        Figure(f"{what}: answers that were a 5xx", "", outcome.faults, None, None),
        Figure("CPU of the API, a booking", "µs", used.api / done * 1e6, None, None),
        Figure("CPU of PostgreSQL, a booking", "µs", used.postgres / done * 1e6, None, None),
        Figure("CPU of the load generator, a booking", "µs", used.load / done * 1e6, None, None),
        Figure("WAL, a booking", "B", used.wal / done, None, None),
    ]


def _naive(arena: Arena, api: Api, seconds: float) -> list[Figure]:
    """The same load, and the fight for one listing, for ours and for each naive design."""
    count, crowd = int(MOST * seconds), int(MOST * seconds)
    ours = _fire(api, arena.calls(count), connections=FEW, seconds=seconds)
    usual = _fire(api, _by_the_usual_way(arena.calls(count // 2)), connections=FEW, seconds=seconds)
    fought, deadlocks = _fight(api, arena.contested_calls(crowd), seconds)
    figures = [
        Figure("bookings, 8 connections", "/s", ours.rate, usual.rate, "the same guards, statement by statement"),
        Figure("p99, 8 connections", "ms", _p99(ours), _p99(usual), "the same guards, statement by statement"),
        Figure("fight for one listing, 32 connections: deadlocks", "", deadlocks, None, None),
        Figure("fight for one listing, 32 connections: 5xx", "", fought.faults, None, None),
        Figure("fight for one listing, 32 connections: p99 of the winners", "ms", _p99(fought), None, None),
    ]
    with arena.api(NAIVE) as other:
        for design in DESIGNS:
            path = f"/naive/{design}"
            Load((other.port,), iter(arena.calls(200, path=path)), connections=FEW, rate=None).run(30)
            theirs = _fire(other, arena.calls(count // 2, path=path), connections=FEW, seconds=seconds)
            theirs_fought, theirs_deadlocks = _fight(other, arena.contested_calls(crowd, path=path), seconds)
            name = f"naive: {design}"
            figures += [
                Figure("bookings, 8 connections", "/s", ours.rate, theirs.rate, name),
                Figure("p99, 8 connections", "ms", _p99(ours), _p99(theirs), name),
                Figure("fight for one listing: attempts", "/s", fought.attempts, theirs_fought.attempts, name),
                Figure("fight for one listing: 5xx", "", fought.faults, theirs_fought.faults, name),
                Figure("fight for one listing: deadlocks", "", deadlocks, theirs_deadlocks, name),
            ]
    return figures


def _fight(api: Api, calls: Sequence[bytes], seconds: float) -> tuple[Outcome, int]:
    """Everybody wants the same nights; what came of it, and how many deadlocks PostgreSQL counted."""
    before = _deadlocks(api.arena)
    with _nights_put_back(api.arena):
        outcome = _fire(api, calls, connections=CROWD, seconds=seconds)
    time.sleep(1.5)  # until the server's counters are written
    return outcome, _deadlocks(api.arena) - before


def _crash(api: Api, seconds: float) -> list[Figure]:
    """Kill PostgreSQL at full load and start it again: how long nobody could book, and what was lost."""
    arena, killed_at = api.arena, 0.0

    def kill() -> None:
        nonlocal killed_at
        time.sleep(seconds / 2)
        process = arena.supervisor.records.process("postgres")
        assert process is not None  # noqa: S101 (it serves)
        killed_at = perf_counter()
        os.kill(process.pid, signal.SIGKILL)
        while process.is_alive:
            time.sleep(0.01)
        arena.supervisor.up(["postgres"])

    killer = threading.Thread(target=kill)
    calls = iter(arena.calls(int(MOST * seconds)))
    load = Load((api.port,), calls, connections=FEW, rate=None, keep_bodies=True)
    killer.start()
    outcome = load.run(seconds + 20)
    killer.join()
    # The server's processes outlive it for a moment: nobody books from the last of them to the next server.
    moments = np.asarray([moment for moment in outcome.moments if moment > killed_at - 1])
    pauses = np.diff(moments)
    if not pauses.size or moments[-1] < killed_at + pauses.max():
        raise ServiceUnavailable("Nobody could book after the crash.", hint="Measure for longer.")
    lost = _not_there(arena, [orjson.loads(body)["booking_id"] for body in outcome.bodies])
    return [
        Figure("kill -9 of PostgreSQL at full load: nobody can book for", "s", float(pauses.max()), None, None),
        Figure("kill -9 of PostgreSQL at full load: bookings acknowledged", "", outcome.done, None, None),
        Figure("kill -9 of PostgreSQL at full load: of them lost", "", lost, None, None),
    ]


def _verdict(arena: Arena) -> list[Figure]:
    """What no run may leave behind."""
    shared = """
        SELECT count(*) FROM occupancy a JOIN occupancy b USING (listing_id)
        WHERE a.occupancy_id < b.occupancy_id AND a.is_live AND b.is_live AND a.stay && b.stay
    """
    unbalanced = """
        SELECT count(*) FROM (SELECT 1 FROM ledger_entries GROUP BY transaction_id, currency
                              HAVING sum(amount_minor) <> 0) off
    """
    return [
        Figure("after all of it: nights sold twice", "", _count(arena, shared), None, None),
        Figure("after all of it: ledger transactions off balance", "", _count(arena, unbalanced), None, None),
        Figure("after all of it: bookings", "", _count(arena, "SELECT count(*) FROM bookings"), None, None),
    ]


def _fire(api: Api, calls: Sequence[bytes], *, connections: int, seconds: float, rate: float | None = None) -> Outcome:
    return Load((api.port,), iter(calls), connections=connections, rate=rate).run(seconds)


def _by_the_usual_way(calls: Sequence[bytes]) -> list[bytes]:
    """The quick way takes plain JSON alone: with a charset a call goes the usual one."""
    return [call.replace(b"application/json", b"application/json; charset=utf-8", 1) for call in calls]


@contextmanager
def _nights_put_back(arena: Arena) -> Iterator[None]:
    """Free the contested listing's nights again and again, under its lock, until the block ends."""
    over = threading.Event()

    def free() -> None:
        with arena.connect() as connection:
            while not over.wait(RELEASE_SECONDS):
                with connection.transaction():
                    key = {"listing": arena.contested}
                    connection.execute("SELECT FROM listings WHERE listing_id = %(listing)s FOR NO KEY UPDATE", key)
                    connection.execute(
                        "UPDATE occupancy SET is_live = false WHERE listing_id = %(listing)s AND is_live", key
                    )

    thread = threading.Thread(target=free)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _deadlocks(arena: Arena) -> int:
    return _count(arena, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def _not_there(arena: Arena, booking_ids: Sequence[str]) -> int:
    with arena.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM unnest(%s::uuid[]) told (id) LEFT JOIN bookings ON booking_id = id"
            " WHERE booking_id IS NULL",
            [list(booking_ids)],
        ).fetchone()
    return int(row[0]) if row else 0


def _count(arena: Arena, query: str) -> int:
    with arena.connect() as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def _p99(outcome: Outcome) -> float:
    return _percentile(outcome, 99)


def _percentile(outcome: Outcome, part: float) -> float:
    return float(np.percentile(np.asarray(outcome.seconds) * 1000, part)) if outcome.seconds else float("nan")
