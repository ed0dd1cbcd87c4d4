"""What is posted for what happens to a booking's money: pure.

What a booking is worth to each side follows from its lines alone (:func:`worth`). Every change posts the
difference between what it was worth before and after, so whatever sequence of changes a booking sees, its
postings add up to what is left of it, to the unit: a host's fee is never rounded twice, and the last
refund takes the remainder.

The guest's side is in the currency charged, everybody else's in the listing's. Where the two differ, they
meet in the account `exchange`, and each currency nets to zero by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lodestay.money import BPS, minor_digits
from lodestay.pricing import Component, PriceLine, share
from transactional.ledger.records import Account, Entry, Posting, PostingKind, netted

PROCESSING_BPS = 300
"""What the processor keeps of a charge: 3 % …"""
PROCESSING_FIXED_BPS = 3_000
"""… and 0.30 of the currency's major unit."""
THE_PLATFORMS = {Component.SERVICE_FEE: Account.PLATFORM_FEES, Component.TAXES: Account.TAXES_PAYABLE}
"""Components that are not the host's; all the others are."""

Parts = Mapping[Component, int]
"""Amounts by component; discounts are part of the nights they are taken off."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A booking's price: in the listing's currency, and as the guest is charged.

    Attributes
    ----------
    parts, charge_parts
        The same components in both currencies.
    host_fee_bps
        What the platform keeps of the host's part.
    """

    currency: str
    parts: Parts
    charge_currency: str
    charge_parts: Parts
    host_fee_bps: int

    @property
    def host_minor(self) -> int:
        """The host's part before the host's fee, in the listing's currency."""
        return sum(minor for component, minor in self.parts.items() if component not in THE_PLATFORMS)

    @property
    def host_fee_minor(self) -> int:
        """What the platform keeps of the host's part."""
        return share(self.host_minor, self.host_fee_bps)

    @property
    def payout_minor(self) -> int:
        """What the host has to get, in the listing's currency."""
        return self.host_minor - self.host_fee_minor

    @property
    def charge_minor(self) -> int:
        """What the guest owes, in the currency charged."""
        return sum(self.charge_parts.values())


def parts_of(lines: Iterable[Mapping[str, Any] | PriceLine]) -> dict[Component, int]:
    """Amounts by component of stored or priced lines; a discount is taken off the nights."""
    parts: Counter[Component] = Counter()
    for line in lines:
        component, minor = (line.component, line.minor) if isinstance(line, PriceLine) else _stored(line)
        parts[Component.NIGHTS if minor < 0 else component] += minor
    return dict(parts)


def sale_of(
    *,
    currency: str,
    lines: Sequence[Mapping[str, Any]],
    charge_currency: str,
    charge_lines: Sequence[Mapping[str, Any]],
    host_fee_bps: int,
) -> Sale:
    """Read a sale from the columns of a booking and the host's fee of its market."""
    return Sale(currency, parts_of(lines), charge_currency, parts_of(charge_lines), host_fee_bps)


def reduced(sale: Sale, refunded: Parts) -> Sale:
    """What is left of a sale once the guest has got those parts of the charge back.

    In the listing's currency each part shrinks in proportion, rounded half up from the whole part: it is
    gone exactly when all of its charge is, and everything is gone when nothing of the charge is left.
    """
    left = {c: minor - refunded.get(c, 0) for c, minor in sale.charge_parts.items()}
    if sale.charge_minor and not any(left.values()):
        return replace(sale, parts={}, charge_parts={})
    parts = {
        component: _in_proportion(minor, left.get(component, 0), sale.charge_parts.get(component, 0))
        for component, minor in sale.parts.items()
    }
    return replace(sale, parts=parts, charge_parts=left)


def worth(sale: Sale) -> tuple[Entry, ...]:
    """Balanced entries of a sale: the guest owes it, the host, the platform and the place have it to get."""
    entries = [
        Entry(Account.GUEST_RECEIVABLE, sale.charge_currency, sale.charge_minor),
        Entry(Account.HOST_PAYABLE, sale.currency, -sale.payout_minor),
        Entry(Account.PLATFORM_FEES, sale.currency, -sale.host_fee_minor),
    ]
    entries += [
        Entry(THE_PLATFORMS[component], sale.currency, -minor)
        for component, minor in sale.parts.items()
        if component in THE_PLATFORMS
    ]
    if sale.charge_currency != sale.currency:
        entries.append(Entry(Account.EXCHANGE, sale.charge_currency, -sale.charge_minor))
        entries.append(Entry(Account.EXCHANGE, sale.currency, sum(sale.parts.values())))
    return netted(entries)


def processing_cost(minor: int, currency: str) -> int:
    """What the processor keeps of a charge: 3 % and 0.30, rounded half up once, in the currency's minor unit."""
    fixed = PROCESSING_FIXED_BPS * int(10 ** minor_digits(currency))
    return (minor * PROCESSING_BPS + fixed + BPS // 2) // BPS


def booked(booking_id: UUID, sale: Sale, *, at: datetime) -> Posting:
    """Post a booking that is confirmed: the guest owes its price."""
    return Posting.of(f"booked:{booking_id}", PostingKind.BOOKED, booking_id, at, worth(sale))


def changed(booking_id: UUID, *, before: Sale, after: Sale, key: str, at: datetime, paid_out_minor: int = 0) -> Posting:
    """Post another price for the same booking; `key` is unique to the change.

    What the host has got already (`paid_out_minor`) beyond what the host now has to get, the host owes.
    """
    entries = (*_difference(before, after), *_debt(before, after, paid_out_minor))
    return Posting.of(f"changed:{booking_id}:{key}", PostingKind.CHANGED, booking_id, at, entries)


def booking_reversed(booking_id: UUID, sale: Sale, *, at: datetime) -> Posting:
    """Post that nothing came of a booking: nobody owes anything of it."""
    entries = tuple(Entry(entry.account, entry.currency, -entry.minor) for entry in worth(sale))
    return Posting.of(f"reversed:{booking_id}", PostingKind.REVERSED, booking_id, at, entries)


def captured(booking_id: UUID, *, payment_id: UUID, currency: str, minor: int, at: datetime) -> Posting:
    """Post that the processor has taken the guest's money, and what it keeps of it."""
    cost = processing_cost(minor, currency)
    entries = (
        Entry(Account.PROCESSOR_CLEARING, currency, minor - cost),
        Entry(Account.PROCESSING_COSTS, currency, cost),
        Entry(Account.GUEST_RECEIVABLE, currency, -minor),
    )
    return Posting.of(f"captured:{payment_id}", PostingKind.CAPTURED, booking_id, at, entries)


def refund_owed(
    booking_id: UUID, sale: Sale, *, already: Parts, refund: Parts, paid_out_minor: int, key: str, at: datetime
) -> Posting:
    """Post that the guest is to get parts of the charge back.

    Parameters
    ----------
    sale
        The booking as it was sold.
    already
        What earlier refunds gave back of each part.
    paid_out_minor
        What the host has got for the booking already: what the host now has to get less than that, the
        host owes.
    key
        Unique to the refund.
    """
    before = reduced(sale, already)
    after = reduced(sale, _sum(already, refund))
    entries = (*_difference(before, after), *_debt(before, after, paid_out_minor))
    return Posting.of(f"refund_owed:{booking_id}:{key}", PostingKind.REFUND_OWED, booking_id, at, entries)


def refund_paid(booking_id: UUID, *, refund_id: UUID, currency: str, minor: int, at: datetime) -> Posting:
    """Post that the processor has given the guest money back; it keeps what it kept of the charge."""
    entries = (
        Entry(Account.GUEST_RECEIVABLE, currency, minor),
        Entry(Account.PROCESSOR_CLEARING, currency, -minor),
    )
    return Posting.of(f"refund_paid:{refund_id}", PostingKind.REFUND_PAID, booking_id, at, entries)


def paid_out(
    booking_id: UUID, *, payout_id: UUID, currency: str, minor: int, at: datetime, withheld_minor: int = 0
) -> Posting:
    """Post that the host was sent `minor`; `withheld_minor` more of what they had to get paid a debt of theirs."""
    entries = (
        Entry(Account.HOST_PAYABLE, currency, minor + withheld_minor),
        Entry(Account.PROCESSOR_CLEARING, currency, -minor),
        Entry(Account.HOST_DEBT, currency, -withheld_minor),
    )
    return Posting.of(f"paid_out:{payout_id}", PostingKind.PAID_OUT, booking_id, at, entries)


def penalty(booking_id: UUID, *, currency: str, minor: int, at: datetime) -> Posting:
    """Post what a host owes for having cancelled."""
    entries = (Entry(Account.HOST_DEBT, currency, minor), Entry(Account.PENALTIES, currency, -minor))
    return Posting.of(f"penalty:{booking_id}", PostingKind.PENALTY, booking_id, at, entries)


def _difference(before: Sale, after: Sale) -> tuple[Entry, ...]:
    back = (Entry(entry.account, entry.currency, -entry.minor) for entry in worth(before))
    return netted((*worth(after), *back))


def _debt(before: Sale, after: Sale, paid_out_minor: int) -> tuple[Entry, Entry]:
    """What a host who was paid out owes more, or less, as the sale changes."""
    debt = max(0, paid_out_minor - after.payout_minor) - max(0, paid_out_minor - before.payout_minor)
    return Entry(Account.HOST_PAYABLE, before.currency, -debt), Entry(Account.HOST_DEBT, before.currency, debt)


def _sum(first: Parts, second: Parts) -> dict[Component, int]:
    return {c: first.get(c, 0) + second.get(c, 0) for c in first.keys() | second.keys()}


def _in_proportion(minor: int, left: int, whole: int) -> int:
    return (2 * minor * left + whole) // (2 * whole) if whole else minor


def _stored(line: Mapping[str, Any]) -> tuple[Component, int]:
    return Component(line["component"]), int(line["minor"])
