"""A posting and its entries, and the balances that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from transactional.ledger.errors import UnbalancedPosting


class Account(StrEnum):
    """Whose money an entry speaks of; debits are positive, credits negative."""

    GUEST_RECEIVABLE = "guest_receivable"
    """What the guest owes; below zero, what the platform owes the guest."""
    PROCESSOR_CLEARING = "processor_clearing"
    """What the payment processor holds for the platform."""
    HOST_PAYABLE = "host_payable"
    """Below zero: what the host has to get."""
    PLATFORM_FEES = "platform_fees"
    """Below zero: what the platform has earned, the guest's fee and the host's."""
    TAXES_PAYABLE = "taxes_payable"
    """Below zero: what the place has to get."""
    PROCESSING_COSTS = "processing_costs"
    """What the processor has kept, which the platform bears."""
    EXCHANGE = "exchange"
    """Where the two sides meet of a booking that is charged in another currency than the listing's."""
    HOST_DEBT = "host_debt"
    """What a host owes: penalties, and refunds of money that was paid out already."""
    PENALTIES = "penalties"
    """Below zero: what hosts have to pay for bookings they cancelled."""


class PostingKind(StrEnum):
    """What happened."""

    BOOKED = "booked"
    CHANGED = "changed"
    REVERSED = "reversed"
    CAPTURED = "captured"
    REFUND_OWED = "refund_owed"
    REFUND_PAID = "refund_paid"
    PAID_OUT = "paid_out"
    PENALTY = "penalty"


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting: a debit (positive) or a credit (negative) of one account."""

    account: Account
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Posting:
    """A fact in the ledger.

    Attributes
    ----------
    key
        Names the fact: the same fact is posted once, however often it is told.
    entries
        They net to zero in every currency, or :class:`UnbalancedPosting` is raised; none where the fact
        moves no money.
    """

    key: str
    kind: PostingKind
    booking_id: UUID
    at: datetime
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        off = off_balance(self.entries)
        if off:
            raise UnbalancedPosting(self.key, off=off)

    @classmethod
    def of(cls, key: str, kind: PostingKind, booking_id: UUID, at: datetime, entries: Iterable[Entry]) -> Self:
        """Make a posting with one entry an account and currency, without those of nothing."""
        return cls(key, kind, booking_id, at, netted(entries))


@dataclass(frozen=True, slots=True)
class Balance:
    """What the entries of an account add up to."""

    booking_id: UUID
    account: str
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the ledger that must not be: `rule` names the promise that is broken."""

    rule: str
    subject: str
    currency: str
    minor: int


def netted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Put the entries of the same account and currency together and leave out what comes to nothing."""
    sums: Counter[tuple[Account, str]] = Counter()
    for entry in entries:
        sums[entry.account, entry.currency] += entry.minor
    return tuple(Entry(account, currency, minor) for (account, currency), minor in sums.items() if minor)


def off_balance(entries: Iterable[Entry]) -> dict[str, int]:
    """By how much entries miss zero, for each currency in which they do."""
    sums: Counter[str] = Counter()
    for entry in entries:
        sums[entry.currency] += entry.minor
    return {currency: minor for currency, minor in sums.items() if minor}
