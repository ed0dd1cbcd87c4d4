"""What a message is worth and what it says: pure.

A message tells the whole state of its object, not what changed. Together with states that only move
forwards (:mod:`transactional.payments.rules`) this makes the order of messages, and how often each of
them comes, of no consequence.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from lodestay.money import InvalidMoney, Money
from transactional.payments.records import number_of
from transactional.payments.rules import News, PaymentNews, PaymentStatus, PayoutNews, PayoutStatus, RefundNews
from transactional.payments.rules import RefundStatus as Refunded
from transactional.webhooks.errors import InvalidWebhookSignature, UnreadableWebhook

HEADER = "Lodestay-Processor-Signature"
TOLERANCE = timedelta(seconds=300)
"""How far a signature's instant may be from ours: a message that was overheard cannot be sent again later."""
MAX_SIGNATURES = 5

_PAYMENT_STATES = {
    "action_required": PaymentStatus.ACTION_REQUIRED,
    "authorised": PaymentStatus.AUTHORISED,
    "declined": PaymentStatus.FAILED,
    "captured": PaymentStatus.CAPTURED,
    "voided": PaymentStatus.VOIDED,
    "expired": PaymentStatus.VOIDED,
}
_REFUND_STATES = {"succeeded": Refunded.DONE, "failed": Refunded.FAILED}
_PAYOUT_STATES = {"paid": PayoutStatus.PAID, "failed": PayoutStatus.FAILED}


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was sent; `body` is all of it."""

    message_id: str
    kind: str
    object_id: str
    occurred_at: datetime
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says.

    Attributes
    ----------
    number
        Ours, where the processor was asked under a key of ours.
    amount
        Of the object; it must be that of the row that it is taken for.
    """

    news: News
    number: UUID | None
    amount: Money


def sign(body: bytes, *, key: str, at: int) -> str:
    """Value of the signature's header, as the processor makes it."""
    return f"t={at},v1={_signature(body, key, str(at))}"


def verify_signature(header: str, body: bytes, *, key: str, now: datetime) -> None:
    """Accept a body that somebody with the key has signed within the last minutes.

    Parameters
    ----------
    header
        ``t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body">``; `v1` may come several times, as while a key
        is replaced, and one of them must be right.

    Raises
    ------
    InvalidWebhookSignature
        None of them is, or it is too old.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    instants = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"][:MAX_SIGNATURES]
    if len(instants) != 1 or not _is_number(instants[0]) or not signatures:
        raise InvalidWebhookSignature(f"The header {HEADER} is missing or has another form.")
    expected = _signature(body, key, instants[0]).encode()
    matches = [hmac.compare_digest(expected, signature.encode()) for signature in signatures]
    if not any(matches):
        raise InvalidWebhookSignature("The signature does not fit the body.")
    if abs(now.timestamp() - int(instants[0])) > TOLERANCE.total_seconds():
        raise InvalidWebhookSignature("The signature is too old, or one of the clocks is wrong.")


def read_message(body: bytes) -> Message:
    """Read a message, or raise :class:`UnreadableWebhook`."""
    try:
        sent = orjson.loads(body)
        message = Message(
            message_id=_name(sent, "id"),
            kind=_name(sent, "kind"),
            object_id=_name(sent["object"], "id"),
            occurred_at=datetime.fromtimestamp(sent["occurred_at"], UTC),
            body=sent,
        )
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        raise UnreadableWebhook("The message is not of the agreed form.") from None
    # PostgreSQL keeps no NUL, neither in text nor in JSON.
    if b"\\u0000" in body:
        raise UnreadableWebhook("The message has a NUL character in it.")
    return message


def told_by(message: Message) -> Told | None:
    """What a message says of a payment, a refund or a payout; None for what this version does not know."""
    about = message.body["object"]
    try:
        news = _news_of(about)
        if news is None:
            return None
        key = about.get("key")
        amount = Money(int(about["amount_minor"]), str(about["currency"]))
        return Told(news, number_of(key) if isinstance(key, str) else None, amount)
    except (KeyError, TypeError, ValueError, InvalidMoney):
        return None


def _news_of(about: Mapping[str, Any]) -> News | None:
    match about.get("object"):
        case "authorisation":
            return _payment_news(about)
        case "refund" if about["status"] in _REFUND_STATES:
            payment = _payment_news(about["authorisation"])
            return payment and RefundNews(_REFUND_STATES[about["status"]], str(about["id"]), payment)
        case "payout" if about["status"] in _PAYOUT_STATES:
            return PayoutNews(_PAYOUT_STATES[about["status"]], str(about["id"]))
        case _:
            return None


def _payment_news(about: Mapping[str, Any]) -> PaymentNews | None:
    status = _PAYMENT_STATES.get(about["status"])
    if status is None:
        return None
    captured = int(about["captured_minor"]) if status is PaymentStatus.CAPTURED else 0
    if captured > int(about["amount_minor"]) or (status is PaymentStatus.CAPTURED and captured <= 0):
        return None
    return PaymentNews(status, str(about["id"]), captured, about.get("code"), about.get("action_url"))


def _name(sent: Mapping[str, Any], name: str) -> str:
    value = sent[name]
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not value.isprintable():  # noqa: PLR2004
        raise ValueError(name)
    return value


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12  # noqa: PLR2004 (seconds of the next 30,000 years)


def _signature(body: bytes, key: str, instant: str) -> str:
    return hmac.new(key.encode(), f"{instant}.".encode() + body, hashlib.sha256).hexdigest()
