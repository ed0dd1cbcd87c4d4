"""Exchange rates: units of a currency for one unit of another, crossed over the euro, exact decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lodestay.money import Money
from transactional.markets.errors import NoExchangeRate

EURO = "EUR"


@dataclass(frozen=True, slots=True)
class ExchangeRates:
    """Rates of a day.

    Attributes
    ----------
    day
        The newest day that any of them is of; None where none is known.
    per_euro
        Units of each currency for one euro, which itself is always known.
    """

    day: date | None
    per_euro: Mapping[str, Decimal]

    def rate(self, source: str, target: str) -> Decimal:
        """Units of `target` for one unit of `source`; :class:`NoExchangeRate` where one is not known."""
        if source == target:
            return Decimal(1)
        return self._of(target) / self._of(source)

    def convert(self, money: Money, target: str) -> Money:
        """Exchange, rounding half up to the minor unit of `target`."""
        return money if money.currency == target else money.convert(self.rate(money.currency, target), target)

    def into(self, target: str) -> dict[str, Decimal]:
        """Units of `target` for one unit of every currency known."""
        per_target = self._of(target)
        return {EURO: per_target} | {source: per_target / per_euro for source, per_euro in self.per_euro.items()}

    def _of(self, currency: str) -> Decimal:
        if currency == EURO:
            return Decimal(1)
        try:
            return self.per_euro[currency]
        except KeyError:
            known = {EURO, *self.per_euro} if self.per_euro else ()
            raise NoExchangeRate(currency, known=known) from None
