"""Sends messages until they are taken: at least once, in no order that anybody may rely on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import httpx2
import structlog

from simulation.processor.bank import Bank
from simulation.processor.faults import backoff_seconds
from simulation.processor.signing import HEADER, sign_message
from simulation.processor.store import Delivery

BATCH = 32
"""Messages on their way at the same time."""
POLL_SECONDS = 0.05
ANSWER_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Courier:
    """Carries what is due to the platform, and lets time pass for the bank."""

    def __init__(
        self, bank: Bank, client: httpx2.AsyncClient, *, secret: str, address: Callable[[], str | None]
    ) -> None:
        self._bank = bank
        self._client = client
        self._secret = secret
        self._address = address
        self._told = bank.store.setting("webhook_url")
        self._under_way: set[int] = set()

    def send_to(self, url: str | None) -> None:
        """Send to another address from now on, also after a restart."""
        self._told = url or ""
        self._bank.store.set_setting("webhook_url", self._told)

    @property
    def url(self) -> str | None:
        """Where messages go; None keeps them here."""
        return (self._address() if self._told is None else self._told) or None

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._bank.settle_due()
                due = self._due()
                url = self.url if due else None
                for delivery in due if url else ():
                    self._under_way.add(delivery.id)
                    tasks.create_task(self._deliver(delivery, str(url)))
                await asyncio.sleep(POLL_SECONDS)

    def _due(self) -> list[Delivery]:
        due = self._bank.store.due_deliveries(self._bank.wall(), limit=2 * BATCH)
        return [each for each in due if each.id not in self._under_way][: BATCH - len(self._under_way)]

    async def _deliver(self, delivery: Delivery, url: str) -> None:
        try:
            problem = await self._post(delivery, url)
            if problem is None:
                self._bank.store.delivered(delivery.id)
            else:
                wait = backoff_seconds(delivery.attempts + 1)
                self._bank.store.postpone(delivery.id, due_at=self._bank.wall() + wait)
                log.info("not taken", message=delivery.message_id, reason=problem, attempt=delivery.attempts + 1)
        finally:
            self._under_way.discard(delivery.id)

    async def _post(self, delivery: Delivery, url: str) -> str | None:
        """Send a message once; None where it was taken, else why not."""
        signature = sign_message(self._secret, delivery.body, at=int(self._bank.wall()))
        headers = {HEADER: signature, "Content-Type": "application/json"}
        try:
            answer = await self._client.post(url, content=delivery.body, headers=headers, timeout=ANSWER_SECONDS)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return type(error).__name__
        return None if answer.is_success else f"HTTP {answer.status_code}"


async def stop(task: asyncio.Task[None]) -> None:
    """End the courier's work."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
