"""What the benchmark runs on: services of its own, a database and a lake of its own, and one API."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg

from bench.engines.champion import make_champion
from bench.engines.lake import write_lake, write_lean_lake
from bench.engines.stock import Stock
from bench.engines.tables import write_tables
from lodestay.errors import ServiceUnavailable
from lodestay.local.ports import free_port
from lodestay.local.postgres import database_url
from lodestay.local.supervisor import Supervisor, supervise
from transactional.migrations.run import upgrade

DATABASE = "search_bench"
START_SECONDS = 3_600.0
"""Patience with the first start at ten million listings."""


@dataclass(frozen=True)
class House:
    """A marketplace that nobody else uses.

    Attributes
    ----------
    columns_seconds
        What the pipeline's step took to write the columns of the documents.
    """

    home: Path
    supervisor: Supervisor
    database_url: str
    environment: dict[str, str]
    columns_seconds: float

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that commits by itself."""
        return psycopg.connect(self.database_url, autocommit=True)


@dataclass(frozen=True)
class Api:
    """An API under test.

    Attributes
    ----------
    cold_seconds
        From its start to the first whole answer.
    """

    port: int
    process: psutil.Process
    cold_seconds: float

    @property
    def private_mb(self) -> float:
        """Memory that is its own."""
        return float(self.process.memory_full_info().uss) / 1e6


@contextmanager
def open_house(stock: Stock, *, lean: bool = False) -> Iterator[House]:
    """Build the marketplace of a stock, and throw it away at the end of the block.

    Parameters
    ----------
    lean
        Without what only a larger machine has room for: documents, titles in memory, a copy of its calendar for each
        listing in PostgreSQL, and features of more than :data:`bench.engines.lake.FEATURED`.
    """
    with tempfile.TemporaryDirectory(prefix="lodestay-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        supervisor = supervise(home, report=lambda _name, _text: None)
        supervisor.up(["postgres"])
        try:
            yield _furnish(home, supervisor, stock, lean=lean)
        finally:
            supervisor.down(["postgres"])


def _furnish(home: Path, supervisor: Supervisor, stock: Stock, *, lean: bool) -> House:
    server = supervisor.records.endpoints()["LODESTAY_DATABASE_URL"]
    with psycopg.connect(database_url(server, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    address, lake = database_url(server, DATABASE), str(home / "lake")
    upgrade(address)
    if lean:  # nobody changes anything meanwhile: both are of the stock
        with ThreadPoolExecutor(1) as beside:
            tables = beside.submit(_fill, address, stock, lean=True)
            columns_seconds = write_lean_lake(lake, stock, exported_at=datetime.now(UTC))
            tables.result()
    else:
        sees = _fill(address, stock, lean=False)
        columns_seconds = write_lake(lake, stock, exported_at=datetime.now(UTC), sees=sees)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    os.sync()  # what was built goes on being written for minutes, beside whatever is measured
    environment = os.environ | {
        "LODESTAY_HOME": str(home),
        "LODESTAY_DATABASE_URL": address,
        "LODESTAY_MLFLOW_TRACKING_URI": make_champion(home),
        "LODESTAY_SUGGEST_TITLES": str(not lean).lower(),
        "LODESTAY_SEARCH_COLUMNS_LOCKED": "true",
    }
    return House(home, supervisor, address, environment, columns_seconds)


def _fill(address: str, stock: Stock, *, lean: bool) -> str:
    """Write the tables; the transactions that whoever reads them sees."""
    with psycopg.connect(address, autocommit=True) as connection:
        write_tables(connection, stock, lean=lean)
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
    if row is None:
        raise LookupError("PostgreSQL has no snapshot")
    return str(row[0])


@contextmanager
def open_api(house: House, **settings: str) -> Iterator[Api]:
    """Run an API until the block ends; it is given out once it answers whole.

    Parameters
    ----------
    settings
        Further environment variables.
    """
    port = free_port(None)
    command = [sys.executable, "-m", "uvicorn", "serving.app:create_app", "--factory", "--no-access-log"]
    command += ["--timeout-keep-alive", "60"]  # at five searches a second a socket waits for its turn for seconds
    started = time.perf_counter()
    with (house.home / f"api-{port}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own
            [*command, "--port", str(port)], env=house.environment | settings, stdout=log, stderr=log
        )
    try:
        _wait_for(port, process, columns=settings.get("LODESTAY_SEARCH_COLUMNS") != "false")
        yield Api(port, psutil.Process(process.pid), time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes], *, columns: bool) -> None:
    """Wait until a search is answered whole: models take longer to load than columns do."""
    deadline = time.monotonic() + START_SECONDS
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                answer = client.get("/v1/search", params={"latitude": 1, "longitude": 1, "radius_km": 1})
            except httpx2.HTTPError:
                time.sleep(0.5)
                continue
            if answer.is_success and _is_whole(answer.json(), columns=columns):
                return
            time.sleep(0.5)
    raise ServiceUnavailable("The API did not come up.", hint="Look at its log in the benchmark's folder.")


def _is_whole(answer: dict[str, Any], *, columns: bool) -> bool:
    """Whether nothing was left out, and columns answered where they are wanted: `regained` is theirs alone."""
    return not answer["degraded"] and (answer["regained"] is not None or not columns)
