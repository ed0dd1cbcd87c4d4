"""A run: a PostgreSQL of its own, worlds in it, as many at a time as there are cores."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import psycopg
import uvloop
from psycopg import sql

from bench.lookout import world
from bench.lookout.findings import FAULT, Outcome
from bench.lookout.marketplace import make
from bench.lookout.plan import Plan
from lodestay.garbage import rare_collections
from lodestay.local.postgres import database_url
from transactional.migrations.run import upgrade


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be run.

    Attributes
    ----------
    seed
        Of the first world; the others have the numbers that follow.
    steps
        Operations and requests in each world.
    """

    seed: int
    worlds: int
    steps: int
    listings: int
    workers: int


Report = Callable[[str], None]


def run(order: Order, server: str, *, report: Report) -> Outcome:
    """Play worlds in processes of their own, on one server, and gather what came of them."""
    outcome, started = Outcome(), time.monotonic()
    context = get_context("forkserver")
    context.set_forkserver_preload([world.__name__])
    with ProcessPoolExecutor(order.workers, mp_context=context) as workers:
        played = [workers.submit(play_one, server, order, order.seed + place) for place in range(order.worlds)]
        for done in as_completed(played):
            outcome.add(done.result())
            seconds = time.monotonic() - started
            report(
                f"{outcome.worlds} of {order.worlds} worlds, {outcome.steps:,} operations and requests"
                f" ({outcome.steps / seconds:.0f}/s), {outcome.broken.total()} violations"
            )
    outcome.seconds = time.monotonic() - started
    return outcome


def play_one(server: str, order: Order, seed: int) -> Outcome:
    """Body of a worker: one world in a database of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lodestay-lookout-") as folder, database(server) as address:
        prepare(address, Plan(seed, order.listings))
        wanted = world.Order(
            seed=seed, listings=order.listings, steps=order.steps, database_url=address, folder=Path(folder)
        )
        try:
            with rare_collections():
                return uvloop.run(world.play(wanted))
        except Exception as error:  # noqa: BLE001 (a world that breaks off is a finding)
            broken = Outcome(worlds=1)
            broken.report(FAULT, seed, f"the world broke off: {type(error).__name__}: {error}")
            return broken


def prepare(address: str, plan: Plan) -> None:
    """Give a database the schema and a world's marketplace."""
    upgrade(address)
    with psycopg.connect(address) as connection:
        make(connection, plan)


@contextmanager
def database(server: str) -> Iterator[str]:
    """A database of a name of its own, dropped afterwards."""
    name = sql.Identifier(f"lookout_{uuid.uuid4().hex[:8]}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    try:
        yield database_url(server, name.as_string().strip('"'))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
