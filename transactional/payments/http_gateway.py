"""The payment port over HTTP: what the processor answers, as outcomes.

What is not certain is never guessed: no answer, a fault of the processor's, a proxy's page are all
:class:`ProcessorUnavailable`, after which the same call is sent again with the same key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2
import orjson

from lodestay.money import Money
from lodestay.settings import Settings
from transactional.payments.errors import PaymentKeyReused
from transactional.payments.gateway import Outcome, ProcessorUnavailable, Result

KEY_REUSED = "key_reused"
STILL_PROCESSING = "still_processing"
_CONNECTIONS = 32
_SUCCESS, _PENDING, _REFUSALS = frozenset({200, 201}), 202, frozenset({400, 402, 409, 422})


class HttpGateway:
    """Implements :class:`~transactional.payments.gateway.PaymentGateway`; open it with :func:`open_gateway`."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def authorise(self, key: str, *, payment_method: str, amount: Money, reference: str) -> Outcome:
        """Reserve an amount on a payment method."""
        body = {"payment_method": payment_method, **_money(amount), "reference": reference}
        return await self._post("/v1/authorisations", key, body)

    async def capture(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Take an authorised amount, or a part of it."""
        return await self._post(f"/v1/authorisations/{processor_id}/capture", key, _money(amount))

    async def void(self, key: str, *, processor_id: str) -> Outcome:
        """Give an authorisation up."""
        return await self._post(f"/v1/authorisations/{processor_id}/void", key, {})

    async def refund(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Give captured money back, or a part of it."""
        return await self._post("/v1/refunds", key, {"authorisation_id": processor_id, **_money(amount)})

    async def pay_out(self, key: str, *, host_id: UUID, amount: Money, reference: str) -> Outcome:
        """Send money to a host."""
        return await self._post("/v1/payouts", key, {"host_id": str(host_id), **_money(amount), "reference": reference})

    async def _post(self, path: str, key: str, body: dict[str, Any]) -> Outcome:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        try:
            answer = await self._client.post(path, content=orjson.dumps(body), headers=headers)
        except httpx2.HTTPError as error:
            raise _unavailable(type(error).__name__) from error
        return outcome_of(key, answer.status_code, answer.content)


def outcome_of(key: str, status: int, content: bytes) -> Outcome:
    """What an answer says came of an operation.

    Raises
    ------
    ProcessorUnavailable
        Nothing that can be relied on.
    PaymentKeyReused
        The key stands for another operation.
    """
    if status not in {*_SUCCESS, _PENDING, *_REFUSALS}:
        raise _unavailable(f"HTTP {status}")
    try:
        body = orjson.loads(content)
        told = body.get("object") or {}
        code = (body.get("error") or {}).get("code")
        number = str(told.get("id", ""))
    except (ValueError, AttributeError):
        raise _unavailable("an answer that cannot be read") from None
    if code == KEY_REUSED:
        raise PaymentKeyReused(key)
    if status in _REFUSALS and code not in {None, STILL_PROCESSING}:
        return Outcome(Result.DECLINED, number, code)
    if status == _PENDING and number and told.get("status") == "action_required":
        return Outcome(Result.ACTION_REQUIRED, number, action_url=told.get("action_url"))
    if status in _SUCCESS and number:
        return Outcome(Result.SUCCEEDED, number)
    raise _unavailable("it does not know yet")


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[HttpGateway]:
    """Keep connections to the processor that the settings name, until the end of the block."""
    address = settings.require_processor_url()
    loopback = address.split("://", 1)[1].startswith(("127.0.0.1", "localhost"))
    async with httpx2.AsyncClient(
        base_url=address,
        headers={"Authorization": f"Bearer {settings.payment_key()}"},
        timeout=settings.processor_timeout_seconds,
        limits=httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
        trust_env=not loopback,  # a proxy set for the outside world must not stand before the loopback
    ) as client:
        yield HttpGateway(client)


def _money(amount: Money) -> dict[str, Any]:
    return {"amount_minor": amount.minor, "currency": amount.currency}


def _unavailable(reason: str) -> ProcessorUnavailable:
    return ProcessorUnavailable(
        f"The payment processor gave no answer to rely on ({reason}).",
        hint="The same operation is sent again with the same key.",
    )
