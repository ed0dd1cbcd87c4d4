"""Each line of a price in numbers, and the price again from those numbers alone."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.pricing import Component, PriceTerms, price_stay
from lodestay.stay import Stay
from transactional.quotes.explanation import (
    Line,
    Rule,
    explain,
    explained_lines,
    nightly_prices,
    recompute,
    total_of,
)

RATES = st.integers(0, 10_000)
FEES = st.integers(0, 10**7)
TERMS = st.builds(
    PriceTerms,
    currency=st.just("EUR"),
    cleaning_fee_minor=FEES,
    guests_included=st.integers(1, 8),
    extra_guest_fee_minor=FEES,
    weekly_discount_bps=RATES,
    monthly_discount_bps=RATES,
    service_fee_bps=RATES,
    tax_bps=RATES,
    last_minute_days=st.integers(0, 30),
    last_minute_discount_bps=RATES,
    early_bird_days=st.integers(0, 90),
    early_bird_discount_bps=RATES,
    pet_fee_minor=FEES,
)
PARTIES = st.tuples(st.integers(1, 16), st.integers(0, 3), st.integers(0, 120))
"""Guests, pets and days of lead."""
NIGHTLY = st.lists(st.integers(0, 10**7), min_size=1, max_size=40)


def lines_of(terms: PriceTerms, nightly: list[int], party: tuple[int, int, int]) -> list[Line]:
    """Lines of a stay as a quote stores them."""
    guests, pets, lead_days = party
    price = price_stay(
        terms, nights_minor=sum(nightly), nights=len(nightly), guests=guests, pets=pets, lead_days=lead_days
    )
    lines = explained_lines(price, terms, nightly_minor=nightly, guests=guests, lead_days=lead_days)
    assert total_of(lines) == price.total_minor
    return lines


@given(TERMS, NIGHTLY, PARTIES)
def test_a_price_can_be_reckoned_again_from_its_explanation(
    terms: PriceTerms, nightly: list[int], party: tuple[int, int, int]
) -> None:
    """Whatever the terms, the bases alone give every line to the unit."""
    lines = lines_of(terms, nightly, party)
    forgotten = [line | {"minor": 0} for line in lines]
    assert recompute(forgotten) == lines


@given(TERMS, NIGHTLY, PARTIES, st.data())
def test_a_changed_number_shows(
    terms: PriceTerms, nightly: list[int], party: tuple[int, int, int], data: st.DataObject
) -> None:
    """Control: an explanation that is a unit off a night gives another price."""
    lines = lines_of(terms, nightly, party)
    night = data.draw(st.integers(0, len(nightly) - 1))
    prices = [minor + (n == night) for n, minor in enumerate(nightly)]
    changed = [lines[0] | {"basis": lines[0]["basis"] | {"prices": prices}}, *lines[1:]]
    assert recompute(changed)[0]["minor"] == lines[0]["minor"] + 1


def test_each_line_is_explained_in_numbers() -> None:
    """Eight nights for three and a dog, booked late: what a client needs to say how each line comes about."""
    terms = PriceTerms("EUR", 3_000, 2, 1_000, 1_000, 2_000, 1_400, 600, 3, 500, 60, 700, 2_500)
    stay = Stay(date(2026, 6, 15), date(2026, 6, 23))
    nightly = [10_000] * 4 + [12_000] * 2 + [10_000] * 2
    by_component = {line.component: line for line in explain(lines_of(terms, nightly, (3, 1, 2)), stay)}
    assert set(Component) - set(by_component) == {Component.EARLY_BIRD_DISCOUNT}
    nights = by_component[Component.NIGHTS]
    assert nights.rule is Rule.SUM
    assert nights.nights[4] == (date(2026, 6, 19), 12_000)
    discount = by_component[Component.LENGTH_OF_STAY_DISCOUNT]
    assert (discount.bps, discount.base_minor, discount.minor) == (-1_000, 84_000, -8_400)
    late = by_component[Component.LAST_MINUTE_DISCOUNT]
    assert (late.bps, late.base_minor, late.minor) == (-500, 75_600, -3_780)
    assert by_component[Component.EXTRA_GUESTS].factors == {"fee_minor": 1_000, "guests": 1, "nights": 8}
    fee = by_component[Component.SERVICE_FEE]
    assert (fee.bps, fee.base_minor) == (1_400, 84_000 - 8_400 - 3_780 + 8_000 + 3_000 + 2_500)
    assert fee.of == (
        Component.NIGHTS,
        Component.LENGTH_OF_STAY_DISCOUNT,
        Component.LAST_MINUTE_DISCOUNT,
        Component.EXTRA_GUESTS,
        Component.CLEANING,
        Component.PETS,
    )


def test_prices_of_nights_are_found_where_they_were_stored() -> None:
    """By date; a price without a basis, of before there were any, has none and is not explained."""
    stay = Stay(date(2026, 6, 15), date(2026, 6, 17))
    terms = PriceTerms("EUR", 0, 2, 0, 0, 0, 0, 0)
    assert nightly_prices(lines_of(terms, [1, 2], (1, 0, 0)), stay) == {date(2026, 6, 15): 1, date(2026, 6, 16): 2}
    bare: list[Line] = [{"component": "nights", "minor": 3}]
    assert nightly_prices(bare, stay) is None
    assert explain(bare, stay) == []


def test_a_basis_of_another_stay_is_refused() -> None:
    """Prices of two nights cannot explain three."""
    lines = lines_of(PriceTerms("EUR", 0, 2, 0, 0, 0, 0, 0), [1, 2], (1, 0, 0))
    with pytest.raises(ValueError, match="zip"):
        explain(lines, Stay(date(2026, 6, 15), date(2026, 6, 18)))
