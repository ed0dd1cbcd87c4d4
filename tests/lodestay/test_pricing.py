"""The price of a stay."""

from __future__ import annotations

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
    currency=st.sampled_from(["EUR", "JPY", "KWD", "CLF"]),
    cleaning_fee_minor=amounts,
    guests_included=st.integers(1, 8),
    extra_guest_fee_minor=st.integers(0, 10**6),
    weekly_discount_bps=rates,
    monthly_discount_bps=rates,
    service_fee_bps=rates,
    tax_bps=rates,
)


@given(amount=amounts, bps=rates)
def test_share_rounds_half_up(amount: int, bps: int) -> None:
    """To the unit, by exact fractions."""
    exact = Fraction(amount * bps, BPS)
    assert share(amount, bps) == (exact + Fraction(1, 2)).__floor__()


@given(st.lists(amounts, min_size=1, max_size=20), rates)
def test_columns_and_numbers_share_alike(values: list[int], bps: int) -> None:
    """NumPy's integers give what Python's do."""
    assert share(np.array(values, dtype=np.int64), bps).tolist() == [share(value, bps) for value in values]


@given(terms=terms_of, nights_minor=amounts, nights=st.integers(1, 365), guests=st.integers(1, 16))
def test_lines_add_up_and_nothing_is_negative_but_discounts(
    terms: PriceTerms, nights_minor: int, nights: int, guests: int
) -> None:
    """B25: the total is the sum of its lines; each component appears once, in order; no stay costs less than none."""
    price = price_stay(terms, nights_minor=nights_minor, nights=nights, guests=guests)
    assert price.total_minor == sum(line.minor for line in price.lines) >= 0
    components = [line.component for line in price.lines]
    assert components == [component for component in Component if component in components]
    for line in price.lines:
        assert (line.minor <= 0) if line.component is Component.LENGTH_OF_STAY_DISCOUNT else (line.minor >= 0)


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
