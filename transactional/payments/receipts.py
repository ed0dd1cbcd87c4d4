"""Receipts of authorisations: the processor's signed word, checked without asking it.

A guest's app has the quote's total authorised first and books with the receipt, so that booking needs no
call to the processor. A receipt is base64url of JSON, a dot, and the HMAC-SHA256 of ``receipt.`` and the
first part under the secret shared with the processor.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from lodestay.money import InvalidMoney, Money
from transactional.payments.errors import InvalidReceipt

MAX_LENGTH = 2000
BY_RECEIPT: Final = "receipt"
"""Payment method of what the guest's app had authorised: the processor knows it, we do not, and cannot charge it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An authorisation that the processor vouches for.

    Attributes
    ----------
    reference
        What it was authorised for: the quote's number.
    """

    processor_id: str
    amount: Money
    reference: str
    expires_at: datetime


def verify_receipt(receipt: str, *, key: str, now: datetime, amount: Money, reference: str) -> Receipt:
    """Read a receipt of exactly this amount for exactly this reference.

    Raises
    ------
    InvalidReceipt
        It is not the processor's, altered, expired, of another amount or for another reference.
    """
    read = _read(receipt, key)
    if read.expires_at <= now:
        raise InvalidReceipt("The payment receipt has expired.")
    if read.reference != reference:
        raise InvalidReceipt("The payment receipt is for another quote.")
    if read.amount != amount:
        raise InvalidReceipt(f"The payment receipt is of {read.amount}, not of {amount}.")
    return read


def _read(receipt: str, key: str) -> Receipt:
    payload, _, signature = receipt.partition(".")
    if len(receipt) > MAX_LENGTH or not receipt.isascii():
        raise InvalidReceipt("The payment receipt cannot be read.")
    expected = hmac.new(key.encode(), b"receipt." + payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise InvalidReceipt("The payment receipt was not signed by the processor.")
    try:
        facts: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return Receipt(
            processor_id=str(facts["processor_id"]),
            amount=Money(int(facts["amount_minor"]), str(facts["currency"])),
            reference=str(facts["reference"]),
            expires_at=datetime.fromtimestamp(facts["expires_at"], UTC),
        )
    except (ValueError, KeyError, TypeError, OverflowError, InvalidMoney):  # signed, and not one of ours to read
        raise InvalidReceipt("The payment receipt cannot be read.") from None
