"""The port over HTTP, against a processor in this process and against answers of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import orjson
import pytest
from pydantic import HttpUrl, SecretStr

from lodestay.clock import FixedClock
from lodestay.errors import SetupIncomplete
from lodestay.ids import new_id
from lodestay.money import Money
from lodestay.settings import Settings
from simulation.processor.app import Options, create_app
from simulation.processor.faults import FaultPolicy
from tests.transactional.payments.factory import AMOUNT
from transactional.payments.errors import PaymentKeyReused
from transactional.payments.gateway import PaymentGateway, ProcessorUnavailable, Result
from transactional.payments.http_gateway import HttpGateway, open_gateway, outcome_of


@pytest.fixture
async def client(tmp_path: Path, clock: FixedClock) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a processor in this process; nothing carries its messages away."""
    options = Options(
        database=tmp_path / "bank.sqlite",
        api_key="key",
        secret="secret",
        clock=clock,
        public_url="http://processor.test",
        policy=FaultPolicy(hang_seconds=0, late_seconds=60),
    )
    transport = httpx2.ASGITransport(create_app(options))
    headers = {"Authorization": "Bearer key"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://processor.test", headers=headers) as client:
        yield client


@pytest.fixture
def gateway(client: httpx2.AsyncClient) -> PaymentGateway:
    """The port."""
    return HttpGateway(client)


async def authorised(gateway: PaymentGateway, method: str = "pm_ok") -> str:
    """What the processor calls a new authorisation of a hundred euros."""
    outcome = await gateway.authorise(str(new_id()), payment_method=method, amount=AMOUNT, reference="r")
    return outcome.processor_id


async def test_a_payment_is_taken_and_given_back(gateway: PaymentGateway) -> None:
    """Every operation of the port succeeds, and says what the processor calls its object."""
    number = await authorised(gateway)
    captured = await gateway.capture("c", processor_id=number, amount=AMOUNT)
    assert (captured.result, captured.processor_id) == (Result.SUCCEEDED, number)
    refunded = await gateway.refund("r", processor_id=number, amount=Money(4_000, "EUR"))
    assert (refunded.result, refunded.processor_id[:4]) == (Result.SUCCEEDED, "ref_")
    given_up = await gateway.void("v", processor_id=await authorised(gateway))
    assert given_up.result is Result.SUCCEEDED
    paid = await gateway.pay_out("p", host_id=new_id(), amount=AMOUNT, reference="r")
    assert (paid.result, paid.processor_id[:3]) == (Result.SUCCEEDED, "po_")


async def test_what_was_declined_has_its_reason(gateway: PaymentGateway) -> None:
    """A declined card and a refused operation are outcomes, not errors."""
    declined = await gateway.authorise("a", payment_method="pm_insufficient_funds", amount=AMOUNT, reference="r")
    assert (declined.result, declined.code) == (Result.DECLINED, "insufficient_funds")
    number = await authorised(gateway)
    too_much = await gateway.capture("c", processor_id=number, amount=Money(10_001, "EUR"))
    assert (too_much.result, too_much.code) == (Result.DECLINED, "amount_exceeds_authorised")
    assert (await gateway.refund("r", processor_id=number, amount=AMOUNT)).code == "not_captured"


async def test_a_cardholder_is_sent_to_confirm(gateway: PaymentGateway, client: httpx2.AsyncClient) -> None:
    """3-D Secure names an address; the same key afterwards tells what came of it."""
    asked = await gateway.authorise("a", payment_method="pm_3ds", amount=AMOUNT, reference="r")
    assert (asked.result, asked.action_url) == (
        Result.ACTION_REQUIRED,
        f"http://processor.test/v1/authorisations/{asked.processor_id}/confirm",
    )
    await client.post(str(asked.action_url), json={})
    again = await gateway.authorise("a", payment_method="pm_3ds", amount=AMOUNT, reference="r")
    assert (again.result, again.processor_id) == (Result.SUCCEEDED, asked.processor_id)


async def test_what_is_not_known_yet_is_no_outcome(
    gateway: PaymentGateway, client: httpx2.AsyncClient, clock: FixedClock
) -> None:
    """A timeout and a late success are unavailability; the same key gets the outcome in the end."""
    for key, method in (("t", "pm_timeout_after_success"), ("l", "pm_late_success")):
        with pytest.raises(ProcessorUnavailable):
            await gateway.authorise(key, payment_method=method, amount=AMOUNT, reference="r")
    late = (await client.get("/v1/operations/l")).json()["object"]["id"]
    with pytest.raises(ProcessorUnavailable):  # neither given up nor not
        await gateway.void("v", processor_id=late)
    clock.advance(timedelta(minutes=2))
    await client.get(f"/v1/objects/{late}")
    for key, method in (("t", "pm_timeout_after_success"), ("l", "pm_late_success")):
        outcome = await gateway.authorise(key, payment_method=method, amount=AMOUNT, reference="r")
        assert outcome.result is Result.SUCCEEDED
    assert (await gateway.void("v", processor_id=late)).result is Result.SUCCEEDED


async def test_a_key_is_never_used_for_two_things(gateway: PaymentGateway) -> None:
    """The processor's refusal of a reused key is an error of ours, and not taken for a declined card."""
    await gateway.authorise("a", payment_method="pm_ok", amount=AMOUNT, reference="r")
    with pytest.raises(PaymentKeyReused):
        await gateway.authorise("a", payment_method="pm_ok", amount=Money(1, "EUR"), reference="r")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"error": {"code": "internal_error"}}),
        (504, {}),
        (429, {}),
        (401, {"error": {"code": "unknown_key"}}),
        (404, {"error": {"code": "no_such_object"}}),
        (302, {}),
        (200, {}),
        (200, []),
        (200, None),
        (201, {"object": {"id": ""}}),
        (202, {"object": {"id": "auth_1", "status": "processing"}}),
        (402, {}),
        (409, {"error": {"code": "still_processing"}, "object": {"id": "auth_1"}}),
    ],
)
def test_what_cannot_be_relied_on_is_no_outcome(status: int, body: object) -> None:
    """Whatever does not say plainly that it was done or declined is asked for again."""
    with pytest.raises(ProcessorUnavailable):
        outcome_of("k", status, orjson.dumps(body))


@pytest.mark.parametrize("status", [400, 422])
def test_what_the_processor_will_not_consider_is_declined(status: int) -> None:
    """It would say so for ever: nothing happened, and asking again is no use. A page without a code says nothing."""
    said = outcome_of("k", status, orjson.dumps({"error": {"code": "invalid_request"}}))
    assert (said.result, said.processor_id, said.code) == (Result.DECLINED, "", "invalid_request")
    with pytest.raises(ProcessorUnavailable):
        outcome_of("k", status, b"{}")


@pytest.mark.parametrize("error", [httpx2.ReadTimeout("slow"), httpx2.ConnectError("down"), httpx2.ReadError("cut")])
async def test_no_answer_is_no_outcome(error: httpx2.TransportError) -> None:
    """A timeout, a refused connection and a cut one: nobody knows whether it was done."""

    def fail(_request: httpx2.Request) -> httpx2.Response:
        raise error

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(fail), base_url="http://x") as client:
        with pytest.raises(ProcessorUnavailable, match=type(error).__name__):
            await HttpGateway(client).void("v", processor_id="auth_1")


async def test_a_page_of_a_proxy_is_no_outcome() -> None:
    """Status 200 with something else than JSON says nothing."""
    with pytest.raises(ProcessorUnavailable):
        outcome_of("k", 200, b"<html>Welcome to the hotel's network</html>")


async def test_the_gateway_goes_where_the_settings_say(tmp_path: Path) -> None:
    """Without an address it says how to get one; nothing listening is unavailability."""
    with pytest.raises(SetupIncomplete, match="payment processor"):
        async with open_gateway(Settings(home=tmp_path)):
            pass
    settings = Settings(home=tmp_path, processor_url=HttpUrl("http://127.0.0.1:1"), processor_key=SecretStr("key"))
    async with open_gateway(settings) as gateway:
        with pytest.raises(ProcessorUnavailable):
            await gateway.void("v", processor_id="auth_1")
