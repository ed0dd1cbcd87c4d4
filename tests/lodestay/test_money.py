"""Money: minor units of every currency, to the unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.money import InvalidMoney, Money, minor_digits, split_by_largest_remainder

CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "ISK": 0, "TND": 3}
amounts = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(("currency", "digits"), CURRENCIES.items())
def test_minor_units_are_iso_4217s(currency: str, digits: int) -> None:
    """B25: currencies of 0, 2, 3 and 4 decimals."""
    assert minor_digits(currency) == digits


@pytest.mark.parametrize("code", ["", "EURO", "eur", "XAU", "ZZZ", "€"])
def test_what_is_no_money_is_named(code: str) -> None:
    """Unknown codes, and metals that have no minor unit."""
    with pytest.raises(InvalidMoney) as refused:
        Money(1, code)
    assert refused.value.extensions == {"currency": code}


@given(minor=amounts, currency=st.sampled_from(sorted(CURRENCIES)))
def test_amount_comes_back_exactly(minor: int, currency: str) -> None:
    """Minor units to major units and back lose nothing."""
    money = Money(minor, currency)
    assert Money.parse(money.amount, currency) == money
    assert Money.parse(str(money.amount), currency) == money


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("1.005", "EUR", 101), ("-1.005", "EUR", -101), ("0.5", "JPY", 1), ("1.4999", "JPY", 1), ("0.00005", "CLF", 1)],
)
def test_parse_rounds_half_up_to_the_currencys_unit(text: str, currency: str, minor: int) -> None:
    """Half a unit goes away from zero."""
    assert Money.parse(text, currency).minor == minor


@pytest.mark.parametrize("text", ["", "abc", "1,5", "$5", "NaN", "sNaN", "Infinity"])
def test_text_that_is_no_amount_is_named(text: str) -> None:
    """No guess is made."""
    with pytest.raises(InvalidMoney):
        Money.parse(text, "EUR")


@given(a=amounts, b=amounts)
def test_sums_are_sums_of_minor_units(a: int, b: int) -> None:
    """Adding and taking away are exact."""
    assert Money(a, "EUR") + Money(b, "EUR") - Money(b, "EUR") == Money(a, "EUR")


def test_two_currencies_do_not_add() -> None:
    """Neither way."""
    with pytest.raises(InvalidMoney):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(InvalidMoney):
        Money(1, "EUR") - Money(1, "USD")


def test_conversion_minds_both_minor_units() -> None:
    """Yen are not hundredths: 12.34 euros at 160 are 1,974 yen; 1,000 yen at 0.002 are 2.000 dinars."""
    assert Money(1234, "EUR").convert(Decimal(160), "JPY") == Money(1974, "JPY")
    assert Money(1000, "JPY").convert(Decimal("0.002"), "KWD") == Money(2000, "KWD")
    assert str(Money(123456789, "JPY")) == "123,456,789 JPY"


@given(minor=amounts, weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_parts_add_up_and_are_fair(minor: int, weights: list[int]) -> None:
    """B25: parts sum to the whole, no part is a unit or more from its exact share, nothing to weight zero."""
    parts = split_by_largest_remainder(minor, weights)
    assert sum(parts) == minor
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * total - minor * weight) < total
        assert weight or not part


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [-1, 3]], ids=str)
def test_weights_that_share_nothing_are_named(weights: list[int]) -> None:
    """No division by zero and no negative share."""
    with pytest.raises(InvalidMoney):
        split_by_largest_remainder(100, weights)
