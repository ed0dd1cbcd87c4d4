"""What the booking benchmark runs on: a PostgreSQL, a database and APIs of its own, and gauges on them."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg

from bench.booking_stock import STAYS_EACH, Place, Secrets, call_for, open_place, quotes_of, rows_of_marketplace, store
from lodestay.errors import ServiceUnavailable
from lodestay.local.ports import free_port
from lodestay.local.postgres import database_url
from lodestay.local.supervisor import Supervisor, supervise
from lodestay.settings import Settings
from transactional.migrations.run import upgrade

DATABASE = "booking_bench"
GUESTS = 500
SEED = 20261126
_CHUNK = 20_000


@dataclass(frozen=True)
class Gauge:
    """CPU seconds of the API, of PostgreSQL and of the load generator, and bytes of WAL, up to a moment."""

    api: float
    postgres: float
    load: float
    wal: float

    def since(self, before: Gauge) -> Gauge:
        """What was used since."""
        return Gauge(
            self.api - before.api, self.postgres - before.postgres, self.load - before.load, self.wal - before.wal
        )


class Arena:
    """A marketplace on a server that nobody else uses.

    Parameters
    ----------
    home
        An empty folder.
    listings
        Each has room for :data:`~bench.booking_stock.STAYS_EACH` stays; the last one is left for a fight.
    """

    def __init__(self, home: Path, *, listings: int) -> None:
        self.home = home
        self.supervisor: Supervisor = supervise(home, report=lambda _name, _text: None)
        self.supervisor.up(["postgres"])
        server = self.supervisor.records.endpoints()["LODESTAY_DATABASE_URL"]
        with psycopg.connect(database_url(server, "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        self.database_url = database_url(server, DATABASE)
        upgrade(self.database_url)
        token = "only this benchmark knows what signs its tokens"  # noqa: S105 - of a marketplace that is thrown away
        receipts = "only this benchmark knows what signs its receipts"
        self.secrets = Secrets(token, Settings(token_secret=token, home=home).quote_key(), receipts)
        with self.connect() as connection:
            rows_of_marketplace(connection, listings=listings + 1, guests=GUESTS)
        self.place: Place = asyncio.run(open_place(self.database_url, self.secrets))
        *ordinary, self.contested = sorted(self.place.listings)
        self._stays = [(listing, number) for listing in ordinary for number in range(STAYS_EACH)]
        random.Random(SEED).shuffle(self._stays)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that commits by itself."""
        return psycopg.connect(self.database_url, autocommit=True)

    def calls(self, count: int, *, path: str | None = None) -> list[bytes]:
        """Quote stays that nobody has, and make the calls that book them."""
        taken, self._stays = self._stays[:count], self._stays[count:]
        if len(taken) < count:
            raise ServiceUnavailable("The marketplace is sold out.", hint="Measure for a shorter time.")
        return self._calls_for(taken, path)

    def contested_calls(self, count: int, *, path: str | None = None) -> list[bytes]:
        """As :meth:`calls`, for twenty nights of one listing."""
        draw = random.Random(SEED)
        return self._calls_for([(self.contested, draw.randrange(10)) for _ in range(count)], path)

    def _calls_for(self, wishes: Sequence[tuple[int, int]], path: str | None) -> list[bytes]:
        made = []
        for first in range(0, len(wishes), _CHUNK):
            quotes = list(quotes_of(self.place, wishes[first : first + _CHUNK]))
            with psycopg.connect(self.database_url) as connection:
                store(connection, [quote for quote, _ in quotes])
            made += [call_for(quote, token, self.secrets, path=path) for quote, token in quotes]
        return made

    @contextmanager
    def api(self, factory: str) -> Iterator[Api]:
        """Run an API until the block ends."""
        port = free_port(None)
        command = [sys.executable, "-m", "uvicorn", factory, "--factory", "--port", str(port), "--no-access-log"]
        environment = os.environ | {
            "LODESTAY_HOME": str(self.home),
            "LODESTAY_DATABASE_URL": self.database_url,
            "LODESTAY_TOKEN_SECRET": self.secrets.token,
            "LODESTAY_WEBHOOK_SECRET": self.secrets.receipts,
        }
        with (self.home / f"api-{port}.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own
        try:
            _wait_for(port)
            yield Api(self, port, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(timeout=30)

    def settle(self) -> None:
        """Have the planner know what is there by now: a plan made for empty tables reads full ones whole."""
        with self.connect() as connection:
            connection.execute("VACUUM ANALYZE")

    def close(self) -> None:
        """Stop the server."""
        self.supervisor.down(["postgres"])


@dataclass(frozen=True)
class Api:
    """An API under test."""

    arena: Arena
    port: int
    process: psutil.Process

    def gauge(self) -> Gauge:
        """How much has been used so far."""
        postmaster = self.arena.supervisor.records.process("postgres")
        with self.arena.connect() as connection:
            row = connection.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
        family = [] if postmaster is None else _family(postmaster.pid)
        return Gauge(
            api=_cpu(self.process),
            postgres=sum(_cpu(each) for each in family),
            load=time.process_time(),
            wal=float(row[0]) if row else 0.0,
        )


def _family(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=2, trust_env=False)
        except httpx2.HTTPError:
            time.sleep(0.3)
        else:
            return
    raise ServiceUnavailable("The API under test did not start.", hint="Look at its log in the benchmark's folder.")
