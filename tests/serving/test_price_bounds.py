"""Prices asked for between two amounts that can be charged."""

from __future__ import annotations

import pytest

from serving.search.schemas import SearchQuery


@pytest.mark.parametrize(
    ("currency", "least", "most", "minor"),
    [
        ("EUR", "33.315", "33.315", (3332, 3331)),
        ("JPY", "3222.5", "3223.5", (3223, 3223)),
        ("EUR", "33.31", "33.32", (3331, 3332)),
        ("KWD", "1.0001", "2.0009", (1001, 2000)),
    ],
)
def test_nothing_dearer_or_cheaper_than_asked_for(currency: str, least: str, most: str, minor: tuple[int, int]) -> None:
    """The lowest price is rounded up and the highest down, whatever decimals a currency has."""
    filters = SearchQuery(market="paris", min_price=least, max_price=most).filters(currency)
    assert (filters.min_price_minor, filters.max_price_minor) == minor
