"""What can be wrong with a market or with money between two of them."""

from __future__ import annotations

from collections.abc import Collection

from lodestay.errors import InvalidInput, NotFound


class MarketNotFound(NotFound):
    """No such market."""

    title = "No such market"

    def __init__(self, market_key: str) -> None:
        super().__init__(
            f"There is no market {market_key!r}.",
            hint="GET /v1/suggest names markets and their keys; `lodestay markets` lists all of them.",
            market_key=market_key,
        )


class NoExchangeRate(InvalidInput):
    """A currency that nobody told a rate for."""

    title = "No exchange rate"

    def __init__(self, currency: str, *, known: Collection[str]) -> None:
        super().__init__(
            f"No exchange rate of {currency} is known.",
            hint=f"Use one of {', '.join(sorted(known))}."
            if known
            else "Load the rates of the European Central Bank with `lodestay rates`.",
            currency=currency,
        )
