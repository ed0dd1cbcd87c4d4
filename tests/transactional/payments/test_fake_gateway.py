"""The processor in memory does what its port promises."""

from __future__ import annotations

import pytest

from lodestay.money import Money
from tests.transactional.payments.fake_gateway import FakeGateway, Fault
from transactional.payments.gateway import PaymentGateway, ProcessorUnavailable, Result

AMOUNT = Money(10_000, "EUR")


async def test_what_timed_out_happened_once() -> None:
    """A capture that timed out after it was done, sent again, takes nothing more."""
    gateway = FakeGateway()
    port: PaymentGateway = gateway
    gateway.fail_next("authorise", Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER)
    for _ in range(2):
        with pytest.raises(ProcessorUnavailable):
            await port.authorise("p:authorise", payment_method="pm_ok", amount=AMOUNT, reference="r")
    authorised = await port.authorise("p:authorise", payment_method="pm_ok", amount=AMOUNT, reference="r")
    assert (authorised.result, len(gateway.of("r"))) == (Result.SUCCEEDED, 1)
    gateway.fail_next("capture", Fault.TIMEOUT_AFTER)
    with pytest.raises(ProcessorUnavailable):
        await port.capture("p:capture", processor_id=authorised.processor_id, amount=AMOUNT)
    captured = await port.capture("p:capture", processor_id=authorised.processor_id, amount=AMOUNT)
    assert (captured.result, gateway.charged("r"), gateway.reserved("r")) == (Result.SUCCEEDED, 10_000, 0)
    refused = await port.void("p:void", processor_id=authorised.processor_id)
    assert (refused.result, refused.code) == (Result.DECLINED, "already_captured")


async def test_an_open_answer_tells_later_what_became_of_it() -> None:
    """3-D Secure and a late success: the same key, sent again, has another answer."""
    gateway = FakeGateway()
    asked = await gateway.authorise("a", payment_method="pm_3ds", amount=AMOUNT, reference="r")
    assert asked.result is Result.ACTION_REQUIRED
    gateway.confirm(asked.processor_id)
    assert (await gateway.authorise("a", payment_method="pm_3ds", amount=AMOUNT, reference="r")).result == "succeeded"
    with pytest.raises(ProcessorUnavailable):
        await gateway.authorise("b", payment_method="pm_late_success", amount=AMOUNT, reference="s")
    (late,) = gateway.of("s")
    gateway.settle(late.processor_id)
    outcome = await gateway.authorise("b", payment_method="pm_late_success", amount=AMOUNT, reference="s")
    assert (outcome.result, outcome.processor_id) == (Result.SUCCEEDED, late.processor_id)
