"""A small synthetic marketplace, made once."""

from __future__ import annotations

from datetime import date

import pytest

from simulation.supply import SyntheticMarket, generate_markets

AS_OF = date(2026, 11, 22)


@pytest.fixture(scope="session")
def marketplace() -> list[SyntheticMarket]:
    """Nine hundred listings in seven cities."""
    return generate_markets(listings=900, seed=7, as_of=AS_OF)


@pytest.fixture(scope="session")
def lisbon(marketplace: list[SyntheticMarket]) -> SyntheticMarket:
    """One city of it."""
    return next(market for market in marketplace if market.snapshot.market.market_key == "lisbon")
