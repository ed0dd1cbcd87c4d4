"""A price in the currency that the guest is charged in: converted once, shared out to the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from lodestay.money import Money, minor_digits, split_by_largest_remainder
from transactional.markets.exchange import ExchangeRates
from transactional.quotes.errors import PriceTooHigh
from transactional.quotes.explanation import Line, total_of

LARGEST_MINOR: Final = 10**15 - 1
"""Most that is charged at once: processors take no more, and every number format on the way holds it exactly."""


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

    Raises
    ------
    PriceTooHigh
        Nobody can be charged that much.
    """
    total = _charged_total(lines, currency, exchange)
    return _share_total(lines, total, currency=currency, exchange=exchange), total


def charge_again(
    lines: Sequence[Line],
    *,
    before: Sequence[Line],
    charged_before: Sequence[Line],
    currency: str,
    exchange: Exchange,
) -> tuple[list[Line], int]:
    """Exchange a price that has changed, at the rate it was exchanged at first.

    The total is converted as in :func:`charge`. What costs the same as before is charged the same as before,
    so that no cent moves to and fro for the rounding of others; the nights go with their discounts.
    """
    total = _charged_total(lines, currency, exchange)
    same = _unchanged(lines, before)
    kept = {line["component"]: line["minor"] for line in charged_before if line["component"] in same}
    others = [line for line in lines if line["component"] not in kept]
    left = total - sum(kept.values())
    if left < 0 or (left > 0 and not any(line["minor"] for line in others)):
        return _share_total(lines, total, currency=currency, exchange=exchange), total
    shared = _share_total(others, left, currency=currency, exchange=exchange)
    parts = kept | {line["component"]: line["minor"] for line in shared}
    charged = [{"component": line["component"], "minor": parts[line["component"]]} for line in lines]
    assert total_of(charged) == total  # noqa: S101 - what this function is for
    return charged, total


def _charged_total(lines: Sequence[Line], currency: str, exchange: Exchange) -> int:
    """What is charged for a price; :class:`PriceTooHigh` where either is more than anybody can be charged."""
    total = total_of(lines)
    charged = _convert(total, currency, exchange)
    for minor, unit in ((total, currency), (charged, exchange.currency)):
        if minor > LARGEST_MINOR:
            raise PriceTooHigh(unit)
    return charged


def _share_total(lines: Sequence[Line], total: int, *, currency: str, exchange: Exchange) -> list[Line]:
    if not lines:
        return []
    discounts = [max(-line["minor"], 0) for line in lines]
    off = _convert(sum(discounts), currency, exchange)
    kept = [max(line["minor"], 0) for line in lines]
    kept[0] -= sum(discounts)
    parts = _share_out(total, kept)
    parts[0] += off
    charged = [
        {"component": line["component"], "minor": part - discount}
        for line, part, discount in zip(lines, parts, _share_out(off, discounts), strict=True)
    ]
    assert total_of(charged) == total  # noqa: S101 - what this function is for
    return charged


def _unchanged(lines: Sequence[Line], before: Sequence[Line]) -> set[str]:
    """Components that cost what they did: the nights and the discounts all of them, or none."""
    now, then = ({line["component"]: line["minor"] for line in each} for each in (lines, before))
    same = {component for component, minor in now.items() if then.get(component) == minor}
    with_nights = {lines[0]["component"]} | {c for each in (now, then) for c, minor in each.items() if minor < 0}
    return same if with_nights <= same else same - with_nights


def _convert(minor: int, currency: str, exchange: Exchange) -> int:
    if exchange.currency == currency:
        return minor
    return Money(minor, currency).convert(exchange.rate, exchange.currency).minor


def _share_out(minor: int, weights: list[int]) -> list[int]:
    return split_by_largest_remainder(minor, weights) if any(weights) else list(weights)
