"""A quote as it is read: one frozen shape for every query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from lodestay.stay import Stay


@dataclass(frozen=True, slots=True)
class QuoteRecord:
    """A quote as it was given.

    Attributes
    ----------
    lines, total_minor
        In `currency`, the listing's: `component`, `minor` and `basis` each, which add up to the total
        (see :mod:`transactional.quotes.explanation`).
    charge_lines, charge_total_minor
        The same in `charge_currency`, which the guest pays.
    exchange_rate, exchange_day
        Units of the charge's currency for one of the listing's, and the day of the rate; 1 and None where
        they are the same.
    calendar_version
        Of the listing's prices and rules when the quote was made.
    """

    quote_id: UUID
    listing_id: int
    guest_id: UUID
    stay: Stay
    guests: int
    pets: int
    currency: str
    lines: list[dict[str, Any]]
    total_minor: int
    charge_currency: str
    charge_lines: list[dict[str, Any]]
    charge_total_minor: int
    exchange_rate: Decimal
    exchange_day: date | None
    calendar_version: int
    created_at: datetime
    expires_at: datetime
