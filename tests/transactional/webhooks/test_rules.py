"""Who signed a message, whether it can be read, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lodestay.clock import FixedClock
from lodestay.ids import new_id
from simulation.processor import signing
from tests.transactional.webhooks.messages import KEY, play, signed
from transactional.payments.rules import PaymentNews, PaymentStatus
from transactional.webhooks.errors import InvalidWebhookSignature, UnreadableWebhook
from transactional.webhooks.rules import HEADER, TOLERANCE, Message, read_message, sign, told_by, verify_signature

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
BODY = b'{"id": "msg_1"}'
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def at(clock: FixedClock) -> int:
    """The clock's instant, as signatures name it."""
    return int(clock.now().timestamp())


def refused(header: str, clock: FixedClock, body: bytes = BODY) -> str:
    """Why a signature was refused."""
    with pytest.raises(InvalidWebhookSignature) as caught:
        verify_signature(header, body, key=KEY, now=clock.now())
    return caught.value.detail


def test_what_the_processor_signs_is_taken(clock: FixedClock) -> None:
    """Both sides, written apart, agree on the header and on how it is made."""
    assert signing.HEADER == HEADER
    header = signing.sign_message(KEY, BODY, at=at(clock))
    assert header == sign(BODY, key=KEY, at=at(clock))
    verify_signature(header, BODY, key=KEY, now=clock.now())


def test_one_of_several_signatures_is_enough(clock: FixedClock) -> None:
    """While a key is replaced, messages carry a signature under each; beyond five nobody looks."""
    instant, _, right = sign(BODY, key=KEY, at=at(clock)).partition(",")
    wrong = "v1=" + "0" * 64
    verify_signature(f"{instant},{wrong},{right}", BODY, key=KEY, now=clock.now())
    verify_signature(f"{instant}, v0=old, {right}, {wrong}", BODY, key=KEY, now=clock.now())
    assert "does not fit" in refused(",".join([instant, *[wrong] * 5, right]), clock)


def test_a_signature_is_of_this_body_by_this_key_about_now(clock: FixedClock) -> None:
    """Altered, by somebody else, with another instant, from before or from later: refused."""
    header = sign(BODY, key=KEY, at=at(clock))
    assert "does not fit" in refused(header, clock, BODY + b" ")
    assert "does not fit" in refused(sign(BODY, key="another", at=at(clock)), clock)
    assert "does not fit" in refused(header.replace(f"t={at(clock)}", f"t={at(clock) + 1}"), clock)
    assert "too old" in refused(sign(BODY, key=KEY, at=at(clock) + 301), clock)
    clock.advance(TOLERANCE)
    verify_signature(header, BODY, key=KEY, now=clock.now())
    clock.advance(timedelta(seconds=1))
    assert "too old" in refused(header, clock)


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=ab", "t=1,t=1,v1=ab", "t=x,v1=ab", "t=1e9,v1=ab", "t=-1,v1=ab", "=,="]
)
def test_headers_of_another_form_are_refused(header: str, clock: FixedClock) -> None:
    """Nothing is guessed."""
    assert "another form" in refused(header, clock)


@given(header=st.text(), body=st.binary())
@settings(max_examples=50)
def test_no_header_breaks_the_check(header: str, body: bytes) -> None:
    """Whatever is sent, it is refused as a signature and in no other way."""
    with pytest.raises(InvalidWebhookSignature):
        verify_signature(header, body, key=KEY, now=NOON)


@given(json_values)
def test_no_body_breaks_the_reader(value: Any) -> None:
    """A body is read, or is unreadable; what is read and not known says nothing."""
    with pytest.raises(UnreadableWebhook):
        read_message(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS) if fits(value) else b"{")


def fits(value: Any) -> bool:
    """Whether it can be written as JSON at all (integers of more than 64 bits and lone surrogates cannot)."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@given(about=st.dictionaries(st.sampled_from(["object", "status", "amount_minor", "currency", "key"]), json_values))
def test_no_object_breaks_the_reading(about: dict[str, Any]) -> None:
    """An object of any kind is understood or is not; nothing is raised."""
    message = Message("msg_1", "k", "x", NOON, {"object": about | {"id": "x"}})
    told = told_by(message)
    assert told is None or told.amount.minor == int(about["amount_minor"])


def test_a_message_says_all_of_its_object(clock: FixedClock) -> None:
    """What is told of a capture: that, how much, of which payment of ours."""
    number = new_id()
    played = play(clock, ["pm_3ds", "approve", "capture"], payment_id=number)
    asked, _, captured = (told_by(read_message(signed(each, clock)[0])) for each in played.messages)
    assert captured is not None
    assert captured.number == number
    assert captured.news == PaymentNews(PaymentStatus.CAPTURED, played.number, captured_minor=9_000)
    assert asked is not None
    assert isinstance(asked.news, PaymentNews)
    assert asked.news.action_url == f"http://processor.test/v1/authorisations/{played.number}/confirm"


@pytest.mark.parametrize(
    "change", [{"captured_minor": 10_001}, {"captured_minor": 0}, {"currency": "EURO"}, {"status": "gone"}]
)
def test_what_cannot_be_is_not_taken_in(change: dict[str, Any], clock: FixedClock) -> None:
    """More captured than authorised, nothing captured, no currency, no known state: it says nothing."""
    message = play(clock, ["pm_ok", "capture"], payment_id=new_id()).messages[-1]
    message["object"] |= change
    assert told_by(read_message(orjson.dumps(message))) is None
