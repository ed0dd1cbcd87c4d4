"""Cancellation policies: what a listing may promise, the words that mean each, and its terms as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from lodestay.money import BPS


class CancellationPolicy(StrEnum):
    """How late a guest may cancel for nothing, from the kindest on; long stays have their own."""

    FLEXIBLE = "flexible"
    MODERATE = "moderate"
    FIRM = "firm"
    STRICT = "strict"
    NON_REFUNDABLE = "non_refundable"
    LONG_STAY = "long_stay"


DEFAULT_POLICY: Final = CancellationPolicy.MODERATE
"""Where a source says nothing."""
LONG_STAY_NIGHTS: Final = 28
"""Nights from which a stay has the policy for long stays, whatever the listing's."""
_OTHER_WORDS: Final = {"no_refund": CancellationPolicy.NON_REFUNDABLE, "long_term": CancellationPolicy.LONG_STAY}


@dataclass(frozen=True, slots=True)
class Tier:
    """What a guest gets back who cancels earlier than `before` the stay starts.

    Attributes
    ----------
    before
        Exact hours, whatever clocks do on the way: 5 days are 120 hours before the instant of check-in.
    nights_kept
        Nights that the host keeps whole.
    nights_bps
        Share of the other nights that goes back.
    service_fee
        Whether the guest's service fee goes back.
    """

    before: timedelta
    nights_bps: int
    nights_kept: int = 0
    service_fee: bool = False


@dataclass(frozen=True, slots=True)
class Grace:
    """Everything goes back for `within` of the booking, where the stay was then at least `ahead` away."""

    within: timedelta
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy promises.

    Attributes
    ----------
    grace
        Right after the booking.
    tiers
        Longest before the stay first; the last one is for any time before it. What is paid once a stay
        (cleaning, pets) always goes back before arrival, taxes in proportion to what they are on.
    nights_kept_later, nights_bps_later
        Once the stay has started, the host keeps the nights spent and so many more; that share of the rest
        goes back, and nothing else but the taxes on it.
    """

    grace: Grace
    tiers: tuple[Tier, ...]
    nights_kept_later: int = 0
    nights_bps_later: int = 0


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_ANY_TIME: Final = timedelta(0)
_ONE_DAY_GRACE: Final = Grace(within=24 * _HOUR, ahead=7 * _DAY)
_TWO_DAYS_GRACE: Final = Grace(within=48 * _HOUR, ahead=14 * _DAY)

TERMS: Final[dict[CancellationPolicy, Terms]] = {
    CancellationPolicy.FLEXIBLE: Terms(
        _ONE_DAY_GRACE,
        (Tier(24 * _HOUR, BPS, service_fee=True), Tier(_ANY_TIME, BPS, nights_kept=1)),
        nights_kept_later=1,
        nights_bps_later=BPS,
    ),
    CancellationPolicy.MODERATE: Terms(
        _ONE_DAY_GRACE,
        (Tier(5 * _DAY, BPS, service_fee=True), Tier(_ANY_TIME, BPS // 2, nights_kept=1)),
        nights_kept_later=1,
        nights_bps_later=BPS // 2,
    ),
    CancellationPolicy.FIRM: Terms(
        _TWO_DAYS_GRACE,
        (Tier(30 * _DAY, BPS, service_fee=True), Tier(7 * _DAY, BPS // 2), Tier(_ANY_TIME, 0)),
    ),
    CancellationPolicy.STRICT: Terms(_TWO_DAYS_GRACE, (Tier(7 * _DAY, BPS // 2), Tier(_ANY_TIME, 0))),
    CancellationPolicy.NON_REFUNDABLE: Terms(_ONE_DAY_GRACE, (Tier(_ANY_TIME, 0),)),
    CancellationPolicy.LONG_STAY: Terms(
        Grace(within=48 * _HOUR, ahead=28 * _DAY),
        (Tier(30 * _DAY, BPS, service_fee=True), Tier(_ANY_TIME, BPS, nights_kept=30)),
        nights_kept_later=30,
        nights_bps_later=BPS,
    ),
}
"""Every policy's terms; `docs/cancellation.md` shows them, and a test holds the two together."""


def cancellation_policy(phrase: str | None) -> CancellationPolicy:
    """Read a source's phrase ("strict_14_with_grace_period", "super_strict_60", "flexible")."""
    words = (phrase or "").lower().replace("-", "_").replace(" ", "_")
    known = {policy.value: policy for policy in (CancellationPolicy.STRICT, *CancellationPolicy)} | _OTHER_WORDS
    return next((policy for word, policy in known.items() if word in words), DEFAULT_POLICY)


def policy_of_stay(policy: CancellationPolicy, nights: int) -> CancellationPolicy:
    """The policy that a stay of so many nights has in a listing."""
    return CancellationPolicy.LONG_STAY if nights >= LONG_STAY_NIGHTS else policy


def terms_table() -> str:
    """Every policy's terms as a Markdown table, for the documentation."""
    header = "| policy | everything back, once booked | before arrival | during the stay |\n|---|---|---|---|"
    rows = [
        f"| `{policy}` | {_grace(terms.grace)} | {'; '.join(map(_tier, terms.tiers))} | {_later(terms)} |"
        for policy, terms in TERMS.items()
    ]
    return "\n".join([header, *rows])


def _grace(grace: Grace) -> str:
    return f"within {_hours(grace.within)} h, {grace.ahead.days} days or more ahead"


def _tier(tier: Tier) -> str:
    when = f"more than {_hours(tier.before)} h: " if tier.before else "later: "
    return when + _nights(tier.nights_bps, tier.nights_kept) + (" and the service fee" if tier.service_fee else "")


def _later(terms: Terms) -> str:
    return _nights(terms.nights_bps_later, terms.nights_kept_later, of="nights left")


def _nights(bps: int, kept: int, *, of: str = "nights") -> str:
    if not bps:
        return "no nights"
    but = f" but {kept}" if kept else ""
    return f"{bps * 100 // BPS} % of the {of}{but}"


def _hours(span: timedelta) -> int:
    return span // timedelta(hours=1)
