"""The processor as an application: ``python -m simulation.processor`` runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from lodestay.clock import Clock
from simulation.processor.bank import Bank
from simulation.processor.courier import Courier, stop
from simulation.processor.endpoints import Desk, on_http_error
from simulation.processor.faults import FaultPolicy
from simulation.processor.store import Store


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a processor is set up.

    Attributes
    ----------
    database
        Its file, made where there is none.
    api_key, secret
        What callers show, and what messages and receipts are signed with.
    webhook_url
        Says where messages go, unless it was told otherwise since; asked for each batch.
    public_url
        Its own address, as cardholders reach it.
    policy
        None: the one that was in force when it was last up.
    """

    database: Path
    api_key: str
    secret: str
    clock: Clock
    public_url: str
    webhook_url: Callable[[], str | None] = lambda: None
    seed: int = 0
    policy: FaultPolicy | None = None


def create_app(options: Options) -> Starlette:
    """Open the file and build the application; messages are sent while it is up."""
    store = Store(options.database)
    bank = Bank(
        store, clock=options.clock, seed=options.seed, secret=options.secret, public_url=options.public_url.rstrip("/")
    )
    if options.policy is not None:
        bank.set_policy(options.policy)
    # A proxy set for the outside world must not stand between the processor and the platform.
    client = httpx2.AsyncClient(trust_env=False)
    courier = Courier(bank, client, secret=options.secret, address=options.webhook_url)
    start = int(store.setting("starts") or 0) + 1
    store.set_setting("starts", str(start))
    desk = Desk(bank, courier, options.api_key, options.seed, start)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        carrying = asyncio.create_task(courier.run())
        try:
            yield
        finally:
            await stop(carrying)
            await client.aclose()
            store.close()

    return Starlette(routes=desk.routes(), lifespan=lifespan, exception_handlers={HTTPException: on_http_error})
