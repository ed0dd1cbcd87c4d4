"""What goes back to a guest, component by component, whoever ends a booking and whenever: pure.

Amounts are in the currency charged, of the price as it was paid. A refund is what should have gone back in
all by now, less what has: so no sequence of refunds gives more than was paid for any component, and the
one that gives the rest gives all of it.

Deadlines are instants counted back from the stay's start in exact hours; a guest who cancels at the very
instant is late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from lodestay.money import BPS, split_by_largest_remainder
from lodestay.pricing import Component, share
from lodestay.vocabulary.cancellation import TERMS, CancellationPolicy, Terms, policy_of_stay
from transactional.bookings.rules import Side
from transactional.ledger.rules import THE_PLATFORMS, Parts

NIGHTLY: Final = frozenset({Component.NIGHTS, Component.EXTRA_GUESTS})
"""Components that are for nights; the host's other ones are paid once a stay."""


class Ending(StrEnum):
    """How a booking ends before its time."""

    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    LEFT_EARLY = "left_early"


class Reason(StrEnum):
    """Why somebody cancels: a code, since events and the outbox never hold what people write."""

    CHANGED_PLANS = "changed_plans"
    FOUND_ANOTHER = "found_another"
    EMERGENCY = "emergency"
    NOT_AS_DESCRIBED = "not_as_described"
    UNAVAILABLE = "unavailable"
    FRAUD = "fraud"
    OTHER = "other"


class Ground(StrEnum):
    """Why that much goes back."""

    LOCAL_LAW = "local_law"
    """Within the hours that the place's law gives after a booking."""
    GRACE = "grace"
    """Soon after the booking, and long before the stay."""
    POLICY = "policy"
    """Before arrival, by the listing's policy."""
    POLICY_DURING_STAY = "policy_during_stay"
    HOST_CANCELLED = "host_cancelled"
    PLATFORM_CANCELLED = "platform_cancelled"
    SENT_AWAY = "sent_away"
    """The host or the platform ended the stay: the nights left go back."""
    NO_SHOW = "no_show"
    """The guest did not come: the nights were kept for them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides how much of a booking goes back.

    Attributes
    ----------
    booked_at
        When it was confirmed: grace runs from then.
    policy
        Of the listing when the booking was made.
    local_grace
        Time after a booking in which the place's law has everything go back, while the stay has not begun.
    paid
        What the guest paid for each component, in `currency`.
    """

    booked_at: datetime
    starts_at: datetime
    nights: int
    policy: CancellationPolicy
    local_grace: timedelta
    currency: str
    paid: Parts

    @property
    def terms(self) -> Terms:
        """Terms of the policy that a stay of this length has."""
        return TERMS[policy_of_stay(self.policy, self.nights)]


@dataclass(frozen=True, slots=True)
class RefundLine:
    """One component: what was paid for it, and what goes back of that now."""

    component: Component
    paid_minor: int
    minor: int


@dataclass(frozen=True, slots=True)
class Refund:
    """What goes back to the guest, in the currency charged."""

    ground: Ground
    currency: str
    lines: tuple[RefundLine, ...]

    @property
    def total_minor(self) -> int:
        """All that goes back."""
        return sum(line.minor for line in self.lines)

    @property
    def parts(self) -> dict[Component, int]:
        """What goes back, by component."""
        return {line.component: line.minor for line in self.lines}


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when (and not at that instant) a guest who cancels gets so much back."""

    until: datetime
    refund: Refund


@dataclass(frozen=True, slots=True)
class PenaltyTier:
    """What a host pays who cancels earlier than `before` the stay starts: a share of the host's part."""

    before: timedelta
    bps: int


PENALTIES: Final = (
    PenaltyTier(timedelta(days=30), 1_000),
    PenaltyTier(timedelta(hours=48), 2_500),
    PenaltyTier(timedelta.min, 5_000),
)
"""By lead time, the longest first; never less than an average night, never more than the whole part."""


@dataclass(frozen=True, slots=True)
class _Share:
    """So much goes back: of the nights not kept, of what is paid once a stay, of the service fee."""

    ground: Ground
    nights_kept: int
    nights_bps: int
    once: bool
    service_fee: bool


def _everything(ground: Ground) -> _Share:
    return _Share(ground, 0, BPS, once=True, service_fee=True)


def refund(
    facts: Facts, *, ending: Ending, side: Side, at: datetime, nights_spent: int = 0, already: Parts | None = None
) -> Refund:
    """What goes back when a side ends a booking.

    Parameters
    ----------
    nights_spent
        Nights that the guest had, once the stay has begun.
    already
        What earlier refunds gave back of each component.
    """
    due = _share(facts, ending=ending, side=side, at=at, nights_spent=nights_spent)
    targets = _targets(facts, due)
    given = already or {}
    lines = tuple(
        RefundLine(component, paid, max(0, min(targets[component], paid) - given.get(component, 0)))
        for component, paid in facts.paid.items()
    )
    return Refund(due.ground, facts.currency, lines)


def deadlines(facts: Facts, *, at: datetime, already: Parts | None = None) -> tuple[Deadline, ...]:
    """What a guest gets back who cancels from now on, and until when each amount holds; none once the stay began."""
    steps: list[Deadline] = []
    start = at
    for until in sorted(set(_instants(facts))):
        if until <= at:
            continue
        due = refund(facts, ending=Ending.CANCELLED, side=Side.GUEST, at=start, already=already)
        if steps and steps[-1].refund == due:
            steps.pop()
        steps.append(Deadline(until, due))
        start = until
    return tuple(steps)


def penalty(host_minor: int, *, nights: int, starts_at: datetime, at: datetime) -> int:
    """What a host pays for cancelling a confirmed booking, in the listing's currency.

    Parameters
    ----------
    host_minor
        The host's part of the price, before the host's fee.
    """
    ahead = starts_at - at
    bps = next(tier.bps for tier in PENALTIES if ahead > tier.before)
    return min(host_minor, max(share(host_minor, bps), _round(host_minor, nights)))


def agreed_minor(host_minor: int, *, nights: int, quoted_minor: int, quoted_nights: int) -> int:
    """What a host's penalty is reckoned from: lowering the price before cancelling does not lower it.

    Parameters
    ----------
    host_minor, nights
        The host's part of the price as it is now, and the nights that it is for.
    quoted_minor, quoted_nights
        The same when it was booked; of fewer nights than that, in proportion.

    Returns
    -------
    int
        The greater of the two.
    """
    return max(host_minor, _round(quoted_minor * min(nights, quoted_nights), quoted_nights))


def _share(facts: Facts, *, ending: Ending, side: Side, at: datetime, nights_spent: int) -> _Share:
    by_guest = side is Side.GUEST
    if ending is Ending.NO_SHOW:
        return _Share(Ground.NO_SHOW, facts.nights, 0, once=False, service_fee=False)
    if ending is Ending.LEFT_EARLY and not by_guest:
        return _Share(Ground.SENT_AWAY, nights_spent, BPS, once=False, service_fee=False)
    if side is Side.HOST:
        return _everything(Ground.HOST_CANCELLED)
    if not by_guest:
        return _everything(Ground.PLATFORM_CANCELLED)
    terms = facts.terms
    if at >= facts.starts_at:
        kept = nights_spent + terms.nights_kept_later
        return _Share(Ground.POLICY_DURING_STAY, kept, terms.nights_bps_later, once=False, service_fee=False)
    return _before_arrival(facts, terms, at)


def _before_arrival(facts: Facts, terms: Terms, at: datetime) -> _Share:
    if at < facts.booked_at + facts.local_grace:
        return _everything(Ground.LOCAL_LAW)
    if at < _end_of_grace(facts, terms):
        return _everything(Ground.GRACE)
    tier = next(tier for tier in terms.tiers if at < facts.starts_at - tier.before)
    return _Share(Ground.POLICY, tier.nights_kept, tier.nights_bps, once=True, service_fee=tier.service_fee)


def _end_of_grace(facts: Facts, terms: Terms) -> datetime:
    """When the policy's grace is over; at the booking itself where the stay was too near."""
    far_enough = facts.starts_at - facts.booked_at >= terms.grace.ahead
    return facts.booked_at + (terms.grace.within if far_enough else timedelta(0))


def _instants(facts: Facts) -> Iterator[datetime]:
    """Every instant at which what goes back may change, up to the stay's start."""
    terms = facts.terms
    for instant in (facts.booked_at + facts.local_grace, _end_of_grace(facts, terms)):
        yield min(instant, facts.starts_at)
    for tier in terms.tiers:
        yield facts.starts_at - tier.before


def _targets(facts: Facts, due: _Share) -> dict[Component, int]:
    """All that should have gone back of each component."""
    paid = facts.paid
    targets = dict.fromkeys(paid, 0)
    nightly = [component for component in paid if component in NIGHTLY]
    nights_left = max(0, facts.nights - due.nights_kept)
    whole = sum(paid[component] for component in nightly)
    if whole > 0:
        back = _round(whole * nights_left * due.nights_bps, facts.nights * BPS)
        parts = split_by_largest_remainder(back, [paid[component] for component in nightly])
        targets |= dict(zip(nightly, parts, strict=True))
    for component in paid:
        if component not in NIGHTLY and component not in THE_PLATFORMS:
            targets[component] = paid[component] if due.once else 0
    if Component.SERVICE_FEE in paid and due.service_fee:
        targets[Component.SERVICE_FEE] = paid[Component.SERVICE_FEE]
    if Component.TAXES in paid:
        targets[Component.TAXES] = _taxes(paid, targets)
    return targets


def _taxes(paid: Parts, targets: Parts) -> int:
    """Taxes go back in proportion to the host's part, which they are on."""
    taxed = [component for component in paid if component not in THE_PLATFORMS]
    whole, back = sum(paid[component] for component in taxed), sum(targets[component] for component in taxed)
    return paid[Component.TAXES] if back == whole else _round(paid[Component.TAXES] * back, whole)


def _round(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
