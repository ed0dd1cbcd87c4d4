"""Values as the files write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactional.imports.inside_airbnb import values


@pytest.mark.parametrize(
    ("raw", "currency", "minor"),
    [
        ("$1,309.00", "SGD", 130900),
        ("$109,999.00", "SGD", 10999900),
        ("$50", "EUR", 5000),
        ("$1,200.00", "JPY", 1200),
        ("$1.500", "KWD", 1500),
        ("", "EUR", None),
        ("N/A", "EUR", None),
    ],
)
def test_prices_are_minor_units_of_the_local_currency(raw: str, currency: str, minor: int | None) -> None:
    """The dollar sign means nothing: the currency's own minor unit decides."""
    assert values.nightly_price(raw, currency) == minor


@given(st.integers(1, 10**9))
def test_every_price_text_reads_back(cents: int) -> None:
    """What is written with thousands and cents is read to the cent."""
    assert values.nightly_price(f"${Decimal(cents).scaleb(-2):,}", "EUR") == cents


@pytest.mark.parametrize(
    ("read", "raw", "reason"),
    [
        (lambda raw: values.nightly_price(raw, "EUR"), "$0.00", "price is zero"),
        (lambda raw: values.price(raw, "EUR"), "-5", "price below zero"),
        (lambda raw: values.price(raw, "EUR"), "free", "not a price"),
        (lambda raw: values.price(raw, "EUR"), "Infinity", "not a price"),
        (lambda raw: values.price(raw, "EUR"), "$99,999,999,999,999,999,999", "higher than any price"),
        (lambda raw: values.price(raw, "EUR"), "1e999999", "higher than any price"),
        (values.count, "2.5", "not a whole number"),
        (values.count, "-1", "below zero"),
        (values.decimal, "inf", "not a finite number"),
        (values.flag, "yes", "neither t nor f"),
        (values.share_bps, "120%", "not a share of a hundred"),
        (values.day, "29/06/2024", "not a date"),
        (values.day, "9999-12-31", "not a date of our time"),
        (values.day, "0001-01-01", "not a date of our time"),
        (values.response_hours, "soon", "unknown response time"),
        (values.bathrooms, "baths", "no number of baths"),
        (values.bathrooms, "99999 baths", "more baths than any place has"),
        (values.bathrooms, "9" * 500 + " baths", "more baths than any place has"),
        (values.amenity_mentions, '["Wifi"', "broken list of amenities"),
        (values.amenity_mentions, "Wifi, TV", "broken list of amenities"),
        pytest.param(values.amenity_mentions, "[" * 100_000, "broken list of amenities", id="a deep list"),
    ],
)
def test_says_why_a_value_cannot_be_read(read: Callable[[str], Any], raw: str, reason: str) -> None:
    """Every refusal names its reason, the same words for the same fault."""
    with pytest.raises(ValueError, match=reason):
        read(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1.5 shared baths", (Decimal("1.5"), True)),
        ("1 private bath", (Decimal("1.0"), False)),
        ("Half-bath", (Decimal("0.5"), False)),
        ("Shared half-bath", (Decimal("0.5"), True)),
        ("0 baths", (Decimal("0.0"), False)),
        ("", (None, False)),
    ],
)
def test_bathrooms(raw: str, expected: tuple[Decimal | None, bool]) -> None:
    """Numbers, halves in words and who shares are read from one phrase."""
    assert values.bathrooms(raw) == expected


def test_both_formats_of_amenities() -> None:
    """A JSON list and a brace list give the same mentions, commas and quotes inside included."""
    assert values.amenity_mentions('["TV", "Cable TV", "42\\" TV, wide"]') == ("TV", "Cable TV", '42" TV, wide')
    assert values.amenity_mentions('{TV,"Cable TV","42\\" TV, wide"}') == ("TV", "Cable TV", '42" TV, wide')
    assert values.amenity_mentions('["Wi\\u0000fi", "\\ud800TV"]') == ("Wifi", "TV")
    assert values.amenity_mentions("{}") == values.amenity_mentions("[]") == values.amenity_mentions("") == ()


def test_the_rest() -> None:
    """Flags, shares, dates, numbers and response times."""
    assert (values.flag("t"), values.flag("f"), values.flag("")) == (True, False, None)
    assert (values.share_bps("95%"), values.share_bps("N/A")) == (9500, None)
    assert values.day("2024-06-29") == date(2024, 6, 29)
    assert (values.count("2.0"), values.count("99999999999")) == (2, values.INT32_MAX)
    assert values.response_hours("within a few hours") == 6
