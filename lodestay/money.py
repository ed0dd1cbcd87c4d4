"""Money: an integer number of minor units and an ISO 4217 currency, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Self

from iso4217 import Currency

from lodestay.errors import InvalidInput

BPS = 10_000
"""Basis points in one: rates (discounts, fees, taxes) are integers of 1/10,000."""


class InvalidMoney(InvalidInput):
    """An amount or a currency that cannot be."""

    title = "Invalid amount of money"


class UnknownCurrency(InvalidMoney):
    """A code that ISO 4217 does not have, or that names a metal or a fund."""

    title = "Unknown currency"


@lru_cache
def minor_digits(currency: str) -> int:
    """Decimals of the currency's minor unit by ISO 4217 (EUR 2, JPY 0, KWD 3, CLF 4).

    Raises
    ------
    UnknownCurrency
        The code is not in ISO 4217, or names a metal or a fund without a minor unit.
    """
    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise UnknownCurrency(
            f"{currency!r} is not a currency in use.",
            hint="Send an ISO 4217 code such as EUR, SGD or JPY.",
            currency=currency,
        )
    return int(digits)


def decimal_text(minor: int, currency: str) -> str:
    """Write an amount in major units, with all digits of the minor one."""
    digits = minor_digits(currency)
    if not digits:
        return str(minor)
    major, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{major}.{rest:0{digits}}"


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of one currency.

    Parameters
    ----------
    minor
        The amount in the currency's minor unit (cents of EUR, yen of JPY, fils of KWD).
    currency
        ISO 4217 code in capitals.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        minor_digits(self.currency)

    @classmethod
    def parse(cls, amount: str | Decimal | int, currency: str, *, rounding: str = ROUND_HALF_UP) -> Self:
        """Read an amount in major units, rounding half up to the minor unit, or as :mod:`decimal` names it."""
        try:
            exact = Decimal(amount)
            minor = int(exact.scaleb(minor_digits(currency)).quantize(Decimal(1), rounding=rounding))
        except (ArithmeticError, ValueError):  # the latter of NaN
            raise InvalidMoney(f"{amount!r} is not an amount.", hint="Send a number such as 129.50.") from None
        return cls(minor, currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(decimal_text(self.minor, self.currency))

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __str__(self) -> str:
        return f"{self.amount:,} {self.currency}"

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise InvalidMoney(
                f"{self.currency} and {other.currency} cannot be added.", hint="Convert one of them first."
            )
        return other

    def convert(self, rate: Decimal, currency: str) -> Money:
        """Exchange at `rate` units of `currency` for one unit of this money's, rounded half up."""
        return Money.parse(self.amount * rate, currency)


def split_by_largest_remainder(minor: int, weights: list[int]) -> list[int]:
    """Share out `minor` units in proportion to `weights` so that the parts add up to the unit.

    Parameters
    ----------
    minor
        Amount to share, negative allowed.
    weights
        Non-negative, at least one positive.

    Returns
    -------
    list of int
        One part a weight; ties go to the earlier weight.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise InvalidMoney("Weights must be non-negative and not all zero.", hint="Check the parts to share between.")
    sign = -1 if minor < 0 else 1
    shares = [divmod(abs(minor) * weight, total) for weight in weights]
    missing = abs(minor) - sum(share for share, _ in shares)
    winners = set(sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))[:missing])
    return [sign * (share + (i in winners)) for i, (share, _) in enumerate(shares)]
