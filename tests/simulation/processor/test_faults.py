"""Faults are drawn from a seed, and refusals follow from what an authorisation is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.processor.faults import FaultPolicy, Luck, backoff_seconds, fate_of, sendings_of
from simulation.processor.methods import METHODS, Status, method_of
from simulation.processor.objects import Authorisation, refuse_capture, refuse_refund, refuse_void

POLICY = FaultPolicy(timeout_before=0.1, timeout_after=0.2, error=0.1, slow=0.3, webhook_delay=0.5, webhook_drop=0.2)
AUTHORISED = Authorisation(
    "a", "k", "pm_ok", 1_000, "EUR", "r", Status.AUTHORISED, None, 0, 0, created_at=0, expires_at=1, resolves_at=None
)


def test_a_seed_replays() -> None:
    """The same seed and calls have the same faults; another seed has others; their share is what was asked for."""

    def fates(seed: int) -> list[object]:
        return [fate_of(POLICY, Luck(seed, f"call 1.{n}"), decline=0.25) for n in range(2_000)]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    declined = sum(fate_of(POLICY, Luck(1, f"call 1.{n}"), decline=0.25).declined for n in range(2_000))
    assert 400 < declined < 600
    assert sendings_of(POLICY, Luck(1, "message 1")) == sendings_of(POLICY, Luck(1, "message 1"))


def test_no_fault_comes_that_was_not_asked_for() -> None:
    """The default policy does what it is told, and sends each message once and at once."""
    for n in range(200):
        fate = fate_of(FaultPolicy(), Luck(7, f"call 1.{n}"), decline=0)
        assert (fate.unheard, fate.broken, fate.declined, fate.after) == (False, False, False, None)
        (sending,) = sendings_of(FaultPolicy(), Luck(7, f"message {n}"))
        assert (sending.after_seconds, sending.lost) == (0, 0)
    assert backoff_seconds(50) == 60


@given(st.sampled_from([each for each in Status if each is not Status.AUTHORISED]))
def test_only_what_is_authorised_is_captured(status: Status) -> None:
    """Every other state refuses, and only what still waits for its cardholder can be given up besides."""
    authorisation = replace(AUTHORISED, status=status)
    assert refuse_capture(authorisation, 1, "EUR") is not None
    assert (refuse_void(authorisation) is None) == (status is Status.ACTION_REQUIRED)


@given(captured=st.integers(1, 1_000), data=st.data())
def test_never_more_than_was_captured_is_given_back(captured: int, data: st.DataObject) -> None:
    """All refunds together stay within the capture."""
    given_back = data.draw(st.integers(0, captured))
    asked = data.draw(st.integers(1, 2_000))
    authorisation = replace(AUTHORISED, status=Status.CAPTURED, captured_minor=captured, refunded_minor=given_back)
    assert (refuse_refund(authorisation, asked, "EUR") is None) == (given_back + asked <= captured)
    assert refuse_refund(authorisation, asked, "USD") == "another_currency"
    assert refuse_refund(AUTHORISED, asked, "EUR") == "not_captured"


@pytest.mark.parametrize("token", METHODS)
def test_every_method_says_what_it_does(token: str) -> None:
    """A person who tries it knows what to expect, and a declined card says why."""
    method = method_of(token)
    assert method.meaning
    assert (method.code is not None) == (method.first is Status.DECLINED)
