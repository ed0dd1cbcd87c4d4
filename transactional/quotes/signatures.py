"""Signatures of quotes: what is booked is what was quoted, whoever could write to the table in between."""

from __future__ import annotations

import hmac
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from transactional.quotes.errors import QuoteAltered
from transactional.quotes.records import QuoteRecord


def canonical(quote: QuoteRecord) -> bytes:
    """Write every column of a quote down in the one form that is signed."""
    values = {field.name: _plain(getattr(quote, field.name)) for field in fields(quote)}
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def sign(quote: QuoteRecord, key: bytes) -> str:
    """Sign a quote (HMAC-SHA256, 64 hex digits)."""
    return hmac.new(key, canonical(quote), "sha256").hexdigest()


def verify(quote: QuoteRecord, signature: str, key: bytes) -> None:
    """Make sure that a stored quote is the one that was signed, or raise :class:`QuoteAltered`."""
    if not hmac.compare_digest(sign(quote, key).encode(), signature.encode()):
        raise QuoteAltered(quote.quote_id)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value
