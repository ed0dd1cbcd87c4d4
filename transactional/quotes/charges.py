"""A price in the currency that the guest is charged in: converted once, shared out to the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lodestay.money import Money, minor_digits, split_by_largest_remainder
from transactional.markets.exchange import ExchangeRates
from transactional.quotes.explanation import Line, total_of


@dataclass(frozen=True, slots=True)
class Exchange:
    """A rate fixed for a quote.

    Attributes
    ----------
    currency
        What is charged in.
    rate
        Units of it for one unit of the listing's currency.
    day
        Of the rate; None where nothing was exchanged.
    """

    currency: str
    rate: Decimal
    day: date | None


def exchange_of(rates: ExchangeRates, source: str, target: str | None) -> Exchange:
    """Fix the rate from the listing's currency to the one asked for, or to the listing's own.

    Raises
    ------
    UnknownCurrency
        Not one of ISO 4217.
    NoExchangeRate
        Nobody told a rate of one of the two.
    """
    if target is None or target == source:
        return Exchange(source, Decimal(1), None)
    minor_digits(target)
    return Exchange(target, rates.rate(source, target), rates.day)


def charge(lines: Sequence[Line], *, currency: str, exchange: Exchange) -> tuple[list[Line], int]:
    """Exchange a price: its lines without their basis, and its total.

    The total is converted once, half up, and the lines share it by largest remainder, so that their sum is
    the total to the unit whatever decimals the two currencies have. Discounts come off the nights, the first
    line: the two share together, so that what is left of the nights is never less than nothing.
    """
    amounts = [line["minor"] for line in lines]
    total = _convert(sum(amounts), currency, exchange)
    discounts = [max(-minor, 0) for minor in amounts]
    off = _convert(sum(discounts), currency, exchange)
    kept = [max(minor, 0) for minor in amounts]
    kept[0] -= sum(discounts)
    parts = _share_out(total, kept)
    parts[0] += off
    charged = [
        {"component": line["component"], "minor": part - discount}
        for line, part, discount in zip(lines, parts, _share_out(off, discounts), strict=True)
    ]
    assert total_of(charged) == total  # noqa: S101 - what this function is for
    return charged, total


def _convert(minor: int, currency: str, exchange: Exchange) -> int:
    if exchange.currency == currency:
        return minor
    return Money(minor, currency).convert(exchange.rate, exchange.currency).minor


def _share_out(minor: int, weights: list[int]) -> list[int]:
    return split_by_largest_remainder(minor, weights) if any(weights) else list(weights)
