"""What is posted for a booking's money, whatever happens to it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.pricing import Component, share
from tests.transactional.ledger.strategies import refunds, sales
from transactional.ledger import rules
from transactional.ledger.errors import UnbalancedPosting
from transactional.ledger.records import Account, Entry, Posting, PostingKind, off_balance
from transactional.ledger.rules import Sale

BOOKING, OTHER = UUID(int=1), UUID(int=2)
AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
Sums = Counter[tuple[Account, str]]


def sums_of(*postings: Posting) -> Sums:
    """What the entries of postings add up to."""
    sums: Sums = Counter()
    for posting in postings:
        for entry in posting.entries:
            sums[entry.account, entry.currency] += entry.minor
    return sums


def owed(sale: Sale, refund: rules.Parts, already: rules.Parts, *, key: str = "1", paid_out: int = 0) -> Posting:
    """A refund of one booking."""
    return rules.refund_owed(BOOKING, sale, already=already, refund=refund, paid_out_minor=paid_out, key=key, at=AT)


def test_plain_booking_is_shared_out() -> None:
    """The host has the nights and the cleaning less 3 %, the platform both fees, the place its tax."""
    parts = {Component.NIGHTS: 27_000, Component.CLEANING: 3_000, Component.SERVICE_FEE: 4_200, Component.TAXES: 1_800}
    sale = Sale("EUR", parts, "EUR", parts, 300)
    assert dict(sums_of(rules.booked(BOOKING, sale, at=AT))) == {
        (Account.GUEST_RECEIVABLE, "EUR"): 36_000,
        (Account.HOST_PAYABLE, "EUR"): -29_100,
        (Account.PLATFORM_FEES, "EUR"): -5_100,
        (Account.TAXES_PAYABLE, "EUR"): -1_800,
    }


def test_other_currency_meets_in_exchange() -> None:
    """The guest owes yen, the host gets euros; the account between holds both sides."""
    sale = Sale("EUR", {Component.NIGHTS: 10_000}, "JPY", {Component.NIGHTS: 16_300}, 300)
    assert dict(sums_of(rules.booked(BOOKING, sale, at=AT))) == {
        (Account.GUEST_RECEIVABLE, "JPY"): 16_300,
        (Account.EXCHANGE, "JPY"): -16_300,
        (Account.EXCHANGE, "EUR"): 10_000,
        (Account.HOST_PAYABLE, "EUR"): -9_700,
        (Account.PLATFORM_FEES, "EUR"): -300,
    }


@pytest.mark.parametrize(
    ("currency", "minor", "cost"),
    [("EUR", 36_000, 1_110), ("JPY", 1_000, 30), ("JPY", 1_020, 31), ("KWD", 10_000, 600), ("CLF", 10_000, 3_300)],
)
def test_processing_cost_knows_the_minor_unit(currency: str, minor: int, cost: int) -> None:
    """3 % and 0.30 of the major unit: 30 cents, a third of a yen rounded with the rest, 300 fils."""
    assert rules.processing_cost(minor, currency) == cost


@given(sales())
def test_b25_parts_of_a_sale_add_up_to_the_charge(sale: Sale) -> None:
    """B25: host, host's fee, guest's fee and taxes are the price, to the unit, in every currency."""
    sums = sums_of(rules.booked(BOOKING, sale, at=AT))
    assert sums[Account.GUEST_RECEIVABLE, sale.charge_currency] == sum(sale.charge_parts.values())
    accounts = (Account.HOST_PAYABLE, Account.PLATFORM_FEES, Account.TAXES_PAYABLE)
    assert -sum(sums[account, sale.currency] for account in accounts) == sum(sale.parts.values())
    assert sale.payout_minor + sale.host_fee_minor == sale.host_minor


def test_b25_control_shares_rounded_apart_miss_the_total() -> None:
    """Control: a host's part that is rounded by itself, and not what the fee leaves, makes a unit too many."""
    host_minor, fee_bps = 150, 300
    assert share(host_minor, fee_bps) + share(host_minor, 10_000 - fee_bps) == host_minor + 1


@given(st.data())
def test_b26_refunds_of_everything_leave_nothing(data: st.DataObject) -> None:
    """B26: however a booking is given back, in parts and across currencies, the last refund takes the remainder."""
    sale = data.draw(sales())
    postings, already = [rules.booked(BOOKING, sale, at=AT)], dict.fromkeys(sale.charge_parts, 0)
    for number, refund in enumerate(data.draw(refunds(sale))):
        postings.append(owed(sale, refund, already, key=str(number)))
        already = {component: already[component] + refund[component] for component in already}
    assert not any(sums_of(*postings).values())


def test_b26_control_refunds_without_remainder_leave_a_unit() -> None:
    """Control: a refund that converts each part by itself, not what is left before and after, is off by one."""
    sale = Sale("EUR", {Component.NIGHTS: 100}, "JPY", {Component.NIGHTS: 3}, 0)
    each_by_itself = [(2 * 100 * part + 3) // 6 for part in (1, 1, 1)]
    assert sum(each_by_itself) == 99
    one = {Component.NIGHTS: 1}
    refunded = [owed(sale, one, {Component.NIGHTS: n}, key=str(n)) for n in range(3)]
    assert sums_of(*refunded)[Account.HOST_PAYABLE, "EUR"] == 100


@given(st.data())
def test_b28_refund_after_payout_is_a_debt(data: st.DataObject) -> None:
    """B28: what the host was paid and no longer has to get is owed by the host; nothing is to pay meanwhile."""
    sale = data.draw(sales())
    payout = rules.paid_out(BOOKING, payout_id=OTHER, currency=sale.currency, minor=sale.payout_minor, at=AT)
    postings, already = [rules.booked(BOOKING, sale, at=AT), payout], dict.fromkeys(sale.charge_parts, 0)
    for number, refund in enumerate(data.draw(refunds(sale))):
        postings.append(owed(sale, refund, already, key=str(number), paid_out=sale.payout_minor))
        already = {component: already[component] + refund[component] for component in already}
        sums = sums_of(*postings)
        assert sums[Account.HOST_PAYABLE, sale.currency] == 0
        left = rules.reduced(sale, already).payout_minor
        assert sums[Account.HOST_DEBT, sale.currency] == sale.payout_minor - left


def test_b28_control_refund_that_forgets_the_payout_leaves_a_negative_payable() -> None:
    """Control: without the amount paid out, the debt hides in what the host has to get."""
    sale = Sale("EUR", {Component.NIGHTS: 10_000}, "EUR", {Component.NIGHTS: 10_000}, 0)
    payout = rules.paid_out(BOOKING, payout_id=OTHER, currency="EUR", minor=10_000, at=AT)
    sums = sums_of(rules.booked(BOOKING, sale, at=AT), payout, owed(sale, sale.charge_parts, {}))
    assert sums[Account.HOST_PAYABLE, "EUR"] == 10_000
    assert sums[Account.HOST_DEBT, "EUR"] == 0


@given(sales(), sales(), st.integers(0, 10**9), st.integers(0, 10**6))
def test_b29_every_posting_nets_to_zero(sale: Sale, other: Sale, minor: int, withheld: int) -> None:
    """B29: each builder's entries add up to nothing in every currency, and no entry is of nothing."""
    postings = (
        rules.booked(BOOKING, sale, at=AT),
        rules.booking_reversed(BOOKING, sale, at=AT),
        rules.changed(BOOKING, before=sale, after=other, key="1", at=AT),
        rules.captured(BOOKING, payment_id=OTHER, currency=sale.charge_currency, minor=minor, at=AT),
        owed(sale, sale.charge_parts, {}, paid_out=minor),
        rules.refund_paid(BOOKING, refund_id=OTHER, currency=sale.charge_currency, minor=minor, at=AT),
        rules.paid_out(BOOKING, payout_id=OTHER, currency=sale.currency, minor=minor, withheld_minor=withheld, at=AT),
        rules.penalty(BOOKING, currency=sale.currency, minor=minor, at=AT),
    )
    for posting in postings:
        assert off_balance(posting.entries) == {}
        assert all(entry.minor for entry in posting.entries)


def test_b29_control_half_a_posting_is_refused() -> None:
    """Control: entries that balance over the currencies together, but not in each, make no posting."""
    entries = (Entry(Account.EXCHANGE, "EUR", 100), Entry(Account.EXCHANGE, "JPY", -100))
    with pytest.raises(UnbalancedPosting) as refused:
        Posting("odd", PostingKind.CHANGED, BOOKING, AT, entries)
    assert refused.value.extensions["off"] == {"EUR": 100, "JPY": -100}


@given(sales())
def test_reversal_undoes_a_booking(sale: Sale) -> None:
    """A booking that came to nothing leaves nothing in any account."""
    both = (rules.booked(BOOKING, sale, at=AT), rules.booking_reversed(BOOKING, sale, at=AT))
    assert not any(sums_of(*both).values())


@given(sales(), sales())
def test_changes_add_up_to_the_last_price(sale: Sale, other: Sale) -> None:
    """A booking and its change post together what the new price alone would have."""
    change = rules.changed(BOOKING, before=sale, after=other, key="1", at=AT)
    sums = sums_of(rules.booked(BOOKING, sale, at=AT), change)
    expected = sums_of(rules.booked(BOOKING, other, at=AT))
    assert {key: minor for key, minor in sums.items() if minor} == dict(expected)
