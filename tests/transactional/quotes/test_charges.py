"""A price in the currency of the charge: to the unit, in every currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.money import Money, UnknownCurrency, minor_digits
from transactional.markets.errors import NoExchangeRate
from transactional.markets.exchange import ExchangeRates
from transactional.quotes.charges import LARGEST_MINOR, Exchange, charge, charge_again, exchange_of
from transactional.quotes.errors import PriceTooHigh
from transactional.quotes.explanation import Line, total_of

BY_DECIMALS = {0: "JPY", 2: "EUR", 3: "KWD", 4: "CLF"}
PAIRS = list(product(BY_DECIMALS.values(), BY_DECIMALS.values()))
RATES = ExchangeRates(date(2026, 6, 12), {"SGD": Decimal("1.4815"), "JPY": Decimal("171.3")})


@st.composite
def prices(draw: st.DrawFn) -> list[Line]:
    """Nights, discounts off them, and what else a stay costs."""
    left = nights = draw(st.integers(0, 10**9))
    discounts = []
    for _ in range(draw(st.integers(0, 3))):
        discounts.append(-draw(st.integers(0, left)))
        left += discounts[-1]
    others = draw(st.lists(st.integers(0, 10**9), max_size=6))
    return [{"component": f"line {n}", "minor": minor} for n, minor in enumerate([nights, *discounts, *others])]


def test_every_number_of_decimals_has_a_currency() -> None:
    """0, 2, 3 and 4: the pairs below stand for all of ISO 4217."""
    assert {minor_digits(currency): currency for currency in BY_DECIMALS.values()} == BY_DECIMALS


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=[f"{source}-{target}" for source, target in PAIRS])
@given(lines=prices(), rate=st.decimals("0.00001", "10", places=12))
def test_b25_parts_of_a_charge_add_up_to_its_total(source: str, target: str, lines: list[Line], rate: Decimal) -> None:
    """B25: to the unit, every sign kept, every line within a unit of its own exchange, the total converted once."""
    exchange = Exchange(source, Decimal(1), None) if source == target else Exchange(target, rate, date(2026, 6, 12))
    charged, total = charge(lines, currency=source, exchange=exchange)
    assert total_of(charged) == total
    assert total == Money(total_of(lines), source).convert(exchange.rate, target).minor
    discounts = sum(part["minor"] for part in charged if part["minor"] < 0)
    assert charged[0]["minor"] + discounts >= 0
    for line, part in zip(lines, charged, strict=True):
        assert part["component"] == line["component"]
        assert part["minor"] * line["minor"] >= 0
        exact = Money(line["minor"], source).amount * exchange.rate
        # Half a unit of each rounding (the total's and the discounts') falls to one line at most, and one of its own.
        assert abs(Money(part["minor"], target).amount - exact) <= 2 * Decimal(1).scaleb(-minor_digits(target))
    if source == target:
        assert [part["minor"] for part in charged] == [line["minor"] for line in lines]


def test_b25_control_lines_exchanged_one_by_one_do_not_add_up() -> None:
    """Control: what the split prevents does happen to lines that are each rounded for themselves."""
    lines: list[Line] = [{"component": "nights", "minor": 100}, {"component": "cleaning", "minor": 100}]
    exchange = Exchange("JPY", Decimal("0.6"), None)
    one_by_one = [Money(line["minor"], "EUR").convert(exchange.rate, "JPY").minor for line in lines]
    charged, total = charge(lines, currency="EUR", exchange=exchange)
    assert (sum(one_by_one), total) == (2, 1)
    assert [line["minor"] for line in charged] == [1, 0]


@pytest.mark.parametrize("pair", [("EUR", "JPY"), ("JPY", "KWD"), ("KWD", "CLF"), ("CLF", "EUR")], ids="-".join)
@given(before=prices(), after=prices(), kept=st.sets(st.integers(0, 9)), rate=st.decimals("0.00001", "10", places=12))
def test_b27_what_costs_the_same_is_charged_the_same_after_a_change(
    pair: tuple[str, str], before: list[Line], after: list[Line], kept: set[int], rate: Decimal
) -> None:
    """B25, B27: at the booking's rate the parts add up to the total, and no cent moves for others' rounding."""
    source, target = pair
    with_nights = [n for n, line in enumerate(before) if n == 0 or line["minor"] < 0]
    if 0 in kept and len(with_nights) == sum(n == 0 or line["minor"] < 0 for n, line in enumerate(after)):
        kept |= set(with_nights)
    else:
        kept -= set(with_nights)
    after = [before[n] if n in kept and n < len(before) else line for n, line in enumerate(after)]
    if sum(line["minor"] for line in after[:1] + [each for each in after if each["minor"] < 0]) < 0:
        return  # more off than the nights cost: no price is like that
    exchange = Exchange(target, rate, None)
    charged_before, _ = charge(before, currency=source, exchange=exchange)
    charged, total = charge_again(
        after, before=before, charged_before=charged_before, currency=source, exchange=exchange
    )
    assert total_of(charged) == total == Money(total_of(after), source).convert(rate, target).minor
    assert [line["component"] for line in charged] == [line["component"] for line in after]
    assert all(part["minor"] * line["minor"] >= 0 for line, part in zip(after, charged, strict=True))
    if after == before:
        assert charged == charged_before


def test_a_change_of_one_line_leaves_the_others_alone() -> None:
    """A third guest more: the nights and the cleaning are charged what they were, to the unit."""
    exchange = Exchange("KRW", Decimal("9.4137"), None)
    before: list[Line] = [{"component": "nights", "minor": 101}, {"component": "cleaning", "minor": 33}]
    charged_before, _ = charge(before, currency="JPY", exchange=exchange)
    after: list[Line] = [*before, {"component": "extra_guests", "minor": 57}]
    charged, total = charge_again(
        after, before=before, charged_before=charged_before, currency="JPY", exchange=exchange
    )
    assert charged[:2] == charged_before
    assert total_of(charged) == total


def test_the_listings_currency_needs_no_rate() -> None:
    """Asked for or not, nothing is exchanged, although no rate of it is known."""
    for wanted in (None, "CLF"):
        assert exchange_of(RATES, "CLF", wanted) == Exchange("CLF", Decimal(1), None)


def test_a_rate_is_fixed_with_its_day() -> None:
    """Units of what is charged for one of the listing's, crossed over the euro."""
    assert exchange_of(RATES, "EUR", "SGD") == Exchange("SGD", Decimal("1.4815"), date(2026, 6, 12))
    assert exchange_of(RATES, "SGD", "JPY").rate == Decimal("171.3") / Decimal("1.4815")


@pytest.mark.parametrize(
    ("source", "target", "error"),
    [
        ("EUR", "ZZZ", UnknownCurrency),
        ("EUR", "XAU", UnknownCurrency),
        ("EUR", "KWD", NoExchangeRate),
        ("KWD", "EUR", NoExchangeRate),
    ],
)
def test_what_cannot_be_charged_in_is_named(source: str, target: str, error: type[Exception]) -> None:
    """No currency, a metal, and currencies without a rate on either side."""
    with pytest.raises(error):
        exchange_of(RATES, source, target)


@pytest.mark.parametrize(("minor", "rate"), [(LARGEST_MINOR + 1, Decimal(1)), (10**13, Decimal(200))])
def test_a_price_that_no_payment_can_carry_is_refused(minor: int, rate: Decimal) -> None:
    """By name, before anything is stored; the most that can be carried is charged."""
    exchange = Exchange("IDR", rate, None)
    with pytest.raises(PriceTooHigh):
        charge([{"component": "nights", "minor": minor}], currency="EUR", exchange=exchange)
    most = [{"component": "nights", "minor": LARGEST_MINOR}]
    assert charge(most, currency="EUR", exchange=Exchange("EUR", Decimal(1), None))[1] == LARGEST_MINOR
