"""The price of a stay."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.money import BPS
from lodestay.pricing import Component, PriceTerms, price_stay, share

amounts = st.integers(0, 10**10)
rates = st.integers(0, BPS)
terms_of = st.builds(
    PriceTerms,
    currency=st.sampled_from(["JPY", "EUR", "KWD", "CLF"]),  # 0, 2, 3 and 4 decimals
    cleaning_fee_minor=amounts,
    guests_included=st.integers(1, 8),
    extra_guest_fee_minor=st.integers(0, 10**6),
    weekly_discount_bps=rates,
    monthly_discount_bps=rates,
    service_fee_bps=rates,
    tax_bps=rates,
    last_minute_days=st.integers(0, 20),
    last_minute_discount_bps=rates,
    early_bird_days=st.integers(0, 40),
    early_bird_discount_bps=rates,
    pet_fee_minor=amounts,
)
DISCOUNTS = {Component.LENGTH_OF_STAY_DISCOUNT, Component.LAST_MINUTE_DISCOUNT, Component.EARLY_BIRD_DISCOUNT}


@given(amount=amounts, bps=rates)
def test_share_rounds_half_up(amount: int, bps: int) -> None:
    """To the unit, by exact fractions."""
    exact = Fraction(amount * bps, BPS)
    assert share(amount, bps) == (exact + Fraction(1, 2)).__floor__()


@given(st.lists(amounts, min_size=1, max_size=20), rates)
def test_columns_and_numbers_share_alike(values: list[int], bps: int) -> None:
    """NumPy's integers give what Python's do."""
    assert share(np.array(values, dtype=np.int64), bps).tolist() == [share(value, bps) for value in values]


@given(
    terms=terms_of,
    nights_minor=amounts,
    nights=st.integers(1, 365),
    guests=st.integers(1, 16),
    pets=st.integers(0, 3),
    lead_days=st.none() | st.integers(0, 50),
)
def test_b25_lines_add_up_and_nothing_is_negative_but_discounts(
    *, terms: PriceTerms, nights_minor: int, nights: int, guests: int, pets: int, lead_days: int | None
) -> None:
    """B25: the total is the sum of its lines, in currencies of 0, 2, 3 and 4 decimals; each component appears once.

    They come in their order, and no stay costs less than nothing, whatever is taken off.
    """
    price = price_stay(terms, nights_minor=nights_minor, nights=nights, guests=guests, pets=pets, lead_days=lead_days)
    assert price.total_minor == sum(line.minor for line in price.lines) >= 0
    components = [line.component for line in price.lines]
    assert components == [component for component in Component if component in components]
    for line in price.lines:
        assert (line.minor <= 0) if line.component in DISCOUNTS else (line.minor >= 0)
    assert len(set(components) & {Component.LAST_MINUTE_DISCOUNT, Component.EARLY_BIRD_DISCOUNT}) <= 1


@given(terms=terms_of, nights_minor=amounts, nights=st.integers(1, 40), lead_days=st.integers(0, 50))
def test_b25_fees_and_taxes_are_reckoned_once_from_what_is_left(
    terms: PriceTerms, nights_minor: int, nights: int, lead_days: int
) -> None:
    """B25: the total is the one that exact fractions give when each rate is rounded by itself, and never otherwise."""

    def rounded(amount: Fraction | int) -> int:
        return (Fraction(amount) + Fraction(1, 2)).__floor__()

    best = max(terms.lead_discounts_bps(lead_days))
    kept = nights_minor - rounded(Fraction(nights_minor * terms.discount_bps(nights), BPS))
    kept -= rounded(Fraction(kept * best, BPS))
    subtotal = kept + terms.cleaning_fee_minor + terms.pet_fee_minor
    expected = subtotal + sum(rounded(Fraction(subtotal * bps, BPS)) for bps in (terms.service_fee_bps, terms.tax_bps))
    price = price_stay(terms, nights_minor=nights_minor, nights=nights, guests=1, pets=1, lead_days=lead_days)
    assert price.total_minor == expected


def test_b25_control_rounding_the_sum_of_the_rates_is_another_total() -> None:
    """B25, control: one rounding for the fee and the tax together gives a cent that no line explains."""
    terms = replace(TERMS, service_fee_bps=50, tax_bps=50)
    price = price_stay(terms, nights_minor=100, nights=1, guests=1)
    assert price.total_minor == 102
    assert 100 + share(100, terms.service_fee_bps + terms.tax_bps) == 101


TERMS = PriceTerms(
    currency="EUR",
    cleaning_fee_minor=0,
    guests_included=2,
    extra_guest_fee_minor=500,
    weekly_discount_bps=1_000,
    monthly_discount_bps=2_500,
    service_fee_bps=0,
    tax_bps=0,
)


LEAD = replace(
    TERMS,
    last_minute_days=3,
    last_minute_discount_bps=2_000,
    early_bird_days=60,
    early_bird_discount_bps=500,
    pet_fee_minor=700,
)


@pytest.mark.parametrize(
    ("lead_days", "component", "minor"),
    [
        (None, None, 0),
        (0, Component.LAST_MINUTE_DISCOUNT, -2_000),
        (3, Component.LAST_MINUTE_DISCOUNT, -2_000),
        (4, None, 0),
        (59, None, 0),
        (60, Component.EARLY_BIRD_DISCOUNT, -500),
    ],
)
def test_discounts_for_the_time_of_booking(lead_days: int | None, component: Component | None, minor: int) -> None:
    """Up to the last-minute days and from the early-bird days on; none where nobody says when it is booked."""
    lines = price_stay(LEAD, nights_minor=10_000, nights=1, guests=1, lead_days=lead_days).lines
    assert [(line.component, line.minor) for line in lines[1:]] == ([] if component is None else [(component, minor)])


def test_the_higher_of_two_discounts_counts_and_comes_off_what_the_length_leaves() -> None:
    """A week booked ten days ahead by terms where both could: 10 % for the length, then the higher 20 % of the rest."""
    both = replace(LEAD, last_minute_days=20, early_bird_days=5)
    lines = {
        line.component: line.minor
        for line in price_stay(both, nights_minor=10_000, nights=7, guests=1, lead_days=10).lines
    }
    assert lines == {
        Component.NIGHTS: 10_000,
        Component.LENGTH_OF_STAY_DISCOUNT: -1_000,
        Component.LAST_MINUTE_DISCOUNT: -1_800,
    }
    early = replace(both, early_bird_discount_bps=3_000)
    price = price_stay(early, nights_minor=10_000, nights=1, guests=1, lead_days=10)
    assert price.lines[1].component is Component.EARLY_BIRD_DISCOUNT


@pytest.mark.parametrize("terms", [replace(LEAD, last_minute_days=0), replace(LEAD, early_bird_days=0)])
def test_no_days_are_never(terms: PriceTerms) -> None:
    """A discount without its days is off, on the day itself too."""
    off = Component.LAST_MINUTE_DISCOUNT if terms.last_minute_days == 0 else Component.EARLY_BIRD_DISCOUNT
    for lead_days in (0, 400):
        lines = price_stay(terms, nights_minor=10_000, nights=1, guests=1, lead_days=lead_days).lines
        assert off not in {line.component for line in lines}


def test_pets_pay_once_a_stay() -> None:
    """However many and however long."""
    totals = [
        price_stay(LEAD, nights_minor=0, nights=nights, guests=1, pets=pets).total_minor
        for nights, pets in ((1, 0), (1, 1), (5, 3))
    ]
    assert totals == [0, 700, 700]


@pytest.mark.parametrize(("nights", "bps"), [(6, 0), (7, 1_000), (27, 1_000), (28, 2_500)])
def test_discount_begins_at_its_night(nights: int, bps: int) -> None:
    """A week is seven nights, a month twenty-eight, and the monthly discount replaces the weekly one."""
    price = price_stay(TERMS, nights_minor=10_000, nights=nights, guests=1)
    assert price.total_minor == 10_000 - bps


def test_extra_guests_pay_for_each_night() -> None:
    """Above the included ones only."""
    totals = [price_stay(TERMS, nights_minor=0, nights=3, guests=guests).total_minor for guests in (1, 2, 3, 4)]
    assert totals == [0, 0, 1_500, 3_000]


def test_lines_that_say_nothing_are_left_out() -> None:
    """But the nights are always there."""
    lines = price_stay(TERMS, nights_minor=0, nights=1, guests=1).lines
    assert [line.component for line in lines] == [Component.NIGHTS]
