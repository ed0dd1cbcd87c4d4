"""The payment processor as a process of its own: the port over HTTP, and the messages out of its file.

It lies by its own policy and its own clock, which is the machine's, while a history's time is months ahead.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import httpx2

from bench.proof.processor import LYING
from lodestay.clock import Clock
from simulation.processor.store import Delivery, Store
from transactional.payments.gateway import PaymentGateway
from transactional.payments.http_gateway import HttpGateway

TIMEOUT: Final = 2.0
POLICY: Final = LYING.model_copy(update={"hang_seconds": 0.1, "late_seconds": 0.2, "webhook_delay_seconds": 1.0})


@dataclass(frozen=True)
class Address:
    """Where the processor is, and what it knows us by."""

    url: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What every call carries."""
        return {"Authorization": f"Bearer {self.key}"}


def teach(address: Address) -> None:
    """Have the processor lie; it remembers that when it is started again."""
    with httpx2.Client(base_url=address.url, headers=address.headers, timeout=TIMEOUT, trust_env=False) as client:
        client.put("/v1/admin/faults", content=POLICY.model_dump_json()).raise_for_status()


@dataclass(frozen=True)
class OverHttp:
    """The processor over HTTP."""

    client: httpx2.AsyncClient
    store: Store
    patience: float = 0.02

    @classmethod
    def open(cls, address: Address, path: Path) -> OverHttp:
        """Open a connection to it, and its file."""
        client = httpx2.AsyncClient(base_url=address.url, headers=address.headers, timeout=TIMEOUT, trust_env=False)
        return cls(client, Store(path))

    def gateway(self, draws: Random, *, honest: bool = False) -> PaymentGateway:  # noqa: ARG002 (it lies by itself)
        """The port, as production has it."""
        return HttpGateway(self.client)

    def settle_due(self) -> None:
        """It sees to that itself."""

    async def decide(self, processor_id: str, *, approve: bool) -> None:
        """Pass or fail 3-D Secure; where it is away, the cardholder tries again later."""
        with contextlib.suppress(httpx2.HTTPError):
            await self.client.post(f"/v1/authorisations/{processor_id}/confirm", json={"approve": approve})

    def due(self, clock: Clock, *, limit: int) -> list[Delivery]:
        """Messages that it sends by now."""
        return self.store.due_deliveries(clock.now().timestamp(), limit=limit)

    def delivered(self, delivery: Delivery) -> None:
        """A message was taken."""
        self.store.delivered(delivery.id)

    async def close(self) -> None:
        """Close both."""
        self.store.close()
        await self.client.aclose()
