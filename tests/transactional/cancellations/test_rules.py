"""What goes back when a booking ends early: every policy, every side, every currency, across changes of the clock."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.pricing import Component
from lodestay.vocabulary.cancellation import TERMS, CancellationPolicy
from transactional.bookings.rules import Side
from transactional.cancellations import rules
from transactional.cancellations.rules import Ending, Facts, Ground, agreed_minor

STARTS = datetime(2026, 9, 1, 14, tzinfo=UTC)
BOOKED = STARTS - timedelta(days=60)
PAID = {
    Component.NIGHTS: 40_000,
    Component.EXTRA_GUESTS: 4_000,
    Component.CLEANING: 3_000,
    Component.SERVICE_FEE: 6_580,
    Component.TAXES: 2_820,
}
FACTS = Facts(
    booked_at=BOOKED,
    starts_at=STARTS,
    nights=4,
    policy=CancellationPolicy.MODERATE,
    local_grace=timedelta(0),
    currency="EUR",
    paid=PAID,
)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PARTS = st.fixed_dictionaries({component: st.integers(0, 5_000_000) for component in PAID})


@st.composite
def bookings(draw: st.DrawFn) -> Facts:
    """A booking of any length under any policy, paid in any amounts."""
    return Facts(
        booked_at=STARTS - timedelta(minutes=draw(st.integers(-600, 90 * 1_440))),
        starts_at=STARTS,
        nights=draw(st.integers(1, 90)),
        policy=draw(st.sampled_from(CancellationPolicy)),
        local_grace=timedelta(hours=draw(st.sampled_from([0, 24, 336]))),
        currency="EUR",
        paid=draw(PARTS),
    )


INSTANTS = st.integers(-100 * 1_440, 40 * 1_440).map(lambda minutes: STARTS + timedelta(minutes=minutes))


def cancelled(facts: Facts, *, before: timedelta, side: Side = Side.GUEST) -> rules.Refund:
    """A cancellation so long before the stay starts."""
    return rules.refund(facts, ending=Ending.CANCELLED, side=side, at=facts.starts_at - before)


@pytest.mark.parametrize(
    ("policy", "before", "nights", "fee"),
    [
        (CancellationPolicy.FLEXIBLE, 25 * HOUR, 40_000, True),
        (CancellationPolicy.FLEXIBLE, 23 * HOUR, 30_000, False),
        (CancellationPolicy.MODERATE, 6 * DAY, 40_000, True),
        (CancellationPolicy.MODERATE, 4 * DAY, 15_000, False),
        (CancellationPolicy.FIRM, 31 * DAY, 40_000, True),
        (CancellationPolicy.FIRM, 29 * DAY, 20_000, False),
        (CancellationPolicy.FIRM, 6 * DAY, 0, False),
        (CancellationPolicy.STRICT, 31 * DAY, 20_000, False),
        (CancellationPolicy.STRICT, 6 * DAY, 0, False),
        (CancellationPolicy.NON_REFUNDABLE, 50 * DAY, 0, False),
        (CancellationPolicy.LONG_STAY, 31 * DAY, 40_000, True),
        (CancellationPolicy.LONG_STAY, 29 * DAY, 0, False),
    ],
)
def test_each_policy_before_arrival(policy: CancellationPolicy, before: timedelta, nights: int, fee: bool) -> None:  # noqa: FBT001
    """Nights by the tier, the extra guests with them, cleaning always, the service fee where all goes back."""
    back = cancelled(replace(FACTS, policy=policy), before=before).parts
    assert back[Component.NIGHTS] == nights
    assert back[Component.EXTRA_GUESTS] == nights // 10
    assert back[Component.CLEANING] == 3_000
    assert back[Component.SERVICE_FEE] == (6_580 if fee else 0)
    assert back[Component.TAXES] == round(2_820 * (nights + nights // 10 + 3_000) / 47_000)


@pytest.mark.parametrize(
    ("policy", "nights"),
    [
        (CancellationPolicy.FLEXIBLE, 20_000),
        (CancellationPolicy.MODERATE, 10_000),
        (CancellationPolicy.FIRM, 0),
        (CancellationPolicy.STRICT, 0),
        (CancellationPolicy.NON_REFUNDABLE, 0),
    ],
)
def test_each_policy_during_the_stay(policy: CancellationPolicy, nights: int) -> None:
    """After a night of four, the next one is kept too where anything goes back; cleaning and fee never do."""
    facts, at = replace(FACTS, policy=policy), STARTS + DAY
    for ending in (Ending.LEFT_EARLY, Ending.CANCELLED):
        left = rules.refund(facts, ending=ending, side=Side.GUEST, at=at, nights_spent=1)
        assert left.ground is Ground.POLICY_DURING_STAY
        assert left.parts[Component.NIGHTS] == nights
        assert left.parts[Component.CLEANING] == left.parts[Component.SERVICE_FEE] == 0


def test_long_stay_keeps_thirty_nights() -> None:
    """From 28 nights on, whatever the listing's policy, late cancelling costs thirty nights."""
    facts = replace(FACTS, nights=40, policy=CancellationPolicy.FLEXIBLE)
    assert cancelled(facts, before=31 * DAY).total_minor == sum(PAID.values())
    assert cancelled(facts, before=29 * DAY).parts[Component.NIGHTS] == 10_000
    assert cancelled(replace(facts, nights=27), before=2 * DAY).parts[Component.NIGHTS] == 40_000


@pytest.mark.parametrize(
    ("ahead", "after", "ground"),
    [
        (60 * DAY, 47 * HOUR, Ground.GRACE),
        (60 * DAY, 48 * HOUR, Ground.POLICY),
        (13 * DAY, 1 * HOUR, Ground.POLICY),
        (14 * DAY, 1 * HOUR, Ground.GRACE),
    ],
)
def test_grace_after_booking(ahead: timedelta, after: timedelta, ground: Ground) -> None:
    """A strict booking can be taken back for two days, where the stay was two weeks away when it was made."""
    facts = replace(FACTS, booked_at=STARTS - ahead, policy=CancellationPolicy.STRICT)
    back = rules.refund(facts, ending=Ending.CANCELLED, side=Side.GUEST, at=facts.booked_at + after)
    assert back.ground is ground
    assert (back.total_minor == sum(PAID.values())) == (ground is Ground.GRACE)


def test_local_law_needs_no_distance_but_ends_with_the_arrival() -> None:
    """Where the law gives 24 hours, even a stay of tomorrow that cannot be refunded goes back whole."""
    facts = replace(
        FACTS,
        booked_at=STARTS - 10 * HOUR,
        policy=CancellationPolicy.NON_REFUNDABLE,
        local_grace=timedelta(hours=24),
    )
    assert cancelled(facts, before=HOUR).ground is Ground.LOCAL_LAW
    assert cancelled(facts, before=HOUR).total_minor == sum(PAID.values())
    assert cancelled(facts, before=timedelta(0)).ground is Ground.POLICY_DURING_STAY


@pytest.mark.parametrize("side", [Side.HOST, Side.PLATFORM, Side.SYSTEM])
@given(facts=bookings(), at=INSTANTS)
def test_others_give_everything_back(side: Side, facts: Facts, at: datetime) -> None:
    """A guest whose host or platform cancels has everything back, however late."""
    assert rules.refund(facts, ending=Ending.CANCELLED, side=side, at=at).parts == facts.paid


def test_no_show_gives_nothing_back() -> None:
    """The nights were kept for the guest: even the kindest policy gives nothing back."""
    facts = replace(FACTS, policy=CancellationPolicy.FLEXIBLE)
    assert rules.refund(facts, ending=Ending.NO_SHOW, side=Side.HOST, at=STARTS + DAY).total_minor == 0


def test_sent_away_guest_pays_the_nights_they_had() -> None:
    """A host who ends the stay gives the nights left back, under any policy."""
    facts = replace(FACTS, policy=CancellationPolicy.NON_REFUNDABLE)
    back = rules.refund(facts, ending=Ending.LEFT_EARLY, side=Side.HOST, at=STARTS + DAY, nights_spent=1)
    assert back.parts[Component.NIGHTS] == 30_000


@given(facts=bookings(), at=INSTANTS, other=st.sampled_from([Side.HOST, Side.PLATFORM]), share=st.integers(0, 100))
def test_b26_refunds_never_exceed_what_was_paid(facts: Facts, at: datetime, other: Side, share: int) -> None:
    """B26: whatever went back before, no component gives more than was paid, and the last refund takes the rest."""
    given_back = {component: minor * share // 100 for component, minor in facts.paid.items()}
    for side in (Side.GUEST, other):
        back = rules.refund(facts, ending=Ending.CANCELLED, side=side, at=at, already=given_back)
        given_back = {component: given_back[component] + line for component, line in back.parts.items()}
        assert all(0 <= given_back[component] <= paid for component, paid in facts.paid.items())
    assert given_back == facts.paid


def test_b26_control_without_what_went_back_before_it_is_too_much() -> None:
    """Control: a refund that does not know of an earlier one exceeds the payment."""
    first = cancelled(FACTS, before=4 * DAY)
    second = cancelled(FACTS, before=4 * DAY, side=Side.HOST)
    assert first.total_minor + second.total_minor > sum(PAID.values())


@given(facts=bookings(), minutes=st.integers(0, 60 * 1_440), earlier=st.integers(0, 60 * 1_440))
def test_waiting_never_pays(facts: Facts, minutes: int, earlier: int) -> None:
    """A guest who cancels later never gets more of any component, grace or not."""
    at = max(STARTS - timedelta(minutes=minutes), facts.booked_at)
    before = max(at - timedelta(minutes=earlier), facts.booked_at)
    late = rules.refund(facts, ending=Ending.CANCELLED, side=Side.GUEST, at=at).parts
    early = rules.refund(facts, ending=Ending.CANCELLED, side=Side.GUEST, at=before).parts
    assert all(late[component] <= early[component] for component in facts.paid)


@given(facts=bookings(), at=INSTANTS)
def test_deadlines_tell_what_a_refund_gives(facts: Facts, at: datetime) -> None:
    """Just before each deadline its amount goes back, at it the next one; after the last the stay has begun."""
    steps = rules.deadlines(facts, at=at)
    tick = timedelta(microseconds=1)
    for step in steps:
        before = rules.refund(facts, ending=Ending.CANCELLED, side=Side.GUEST, at=max(step.until - tick, at))
        assert before == step.refund
    for step, following in itertools.pairwise(steps):
        after = rules.refund(facts, ending=Ending.CANCELLED, side=Side.GUEST, at=step.until)
        assert after == following.refund != step.refund
    assert [step.until for step in steps][-1:] == ([STARTS] if at < STARTS else [])


ZONES = [("Europe/Lisbon", (2026, 3, 31)), ("Europe/Lisbon", (2026, 10, 27)), ("America/Santiago", (2026, 9, 8))]
"""Zones, and a day soon after their clocks have changed."""


@pytest.mark.parametrize(("zone", "day"), ZONES)
def test_b5_deadline_is_an_instant(zone: str, day: tuple[int, int, int]) -> None:
    """B5: five days are 120 hours before check-in, however often clocks change in between."""
    starts_at = datetime(*day, 15, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    facts = replace(FACTS, starts_at=starts_at, booked_at=starts_at - 60 * DAY)
    (full, *_) = rules.deadlines(facts, at=starts_at - 50 * DAY)
    assert full.until == starts_at - timedelta(hours=120)
    assert full.refund.total_minor == sum(PAID.values())
    assert cancelled(facts, before=120 * HOUR + timedelta(seconds=1)).ground is Ground.POLICY
    assert cancelled(facts, before=120 * HOUR).parts[Component.SERVICE_FEE] == 0


@pytest.mark.parametrize(("zone", "day"), ZONES)
def test_b5_control_counting_on_the_clock_on_the_wall_is_an_hour_off(zone: str, day: tuple[int, int, int]) -> None:
    """Control: the same subtraction on local time crosses the change of the clocks and misses the instant."""
    starts_at = datetime(*day, 15, tzinfo=ZoneInfo(zone))
    on_the_wall = (starts_at - timedelta(days=5)).astimezone(UTC)
    assert abs(on_the_wall - (starts_at.astimezone(UTC) - timedelta(hours=120))) == HOUR


@pytest.mark.parametrize(
    ("before", "minor"), [(31 * DAY, 10_000), (3 * DAY, 11_750), (47 * HOUR, 23_500), (-DAY, 23_500)]
)
def test_penalty_grows_as_the_stay_comes_near(before: timedelta, minor: int) -> None:
    """A tenth, a quarter, a half of the host's part, and at least the price of an average night."""
    host_minor = 47_000 if before < 30 * DAY else 40_000
    assert rules.penalty(host_minor, nights=4, starts_at=STARTS, at=STARTS - before) == minor


def test_penalty_is_at_least_an_average_night_exactly() -> None:
    """A night of seven at 7000.00 in all is 1000.00: a night's share is not cut to whole basis points first."""
    owed = rules.penalty(700_000, nights=7, starts_at=STARTS, at=STARTS - timedelta(days=60))
    assert owed == 100_000


@given(host_minor=st.integers(0, 10**9), nights=st.integers(1, 365), at=INSTANTS)
def test_penalty_is_between_a_night_and_the_whole(host_minor: int, nights: int, at: datetime) -> None:
    """No host owes more than the booking was worth, or less than a night of it."""
    owed = rules.penalty(host_minor, nights=nights, starts_at=STARTS, at=at)
    assert host_minor // nights <= owed <= host_minor


def test_terms_are_whole() -> None:
    """Every policy has terms whose last tier is for any time, with the longest notice first and never worse."""
    assert set(TERMS) == set(CancellationPolicy)
    for terms in TERMS.values():
        assert terms.tiers[-1].before == timedelta(0)
        for tier, following in itertools.pairwise(terms.tiers):
            assert tier.before > following.before
            assert (tier.nights_bps, -tier.nights_kept) >= (following.nights_bps, -following.nights_kept)


def test_a_penalty_is_of_what_was_agreed() -> None:
    """The price of now where it is the higher; of what was booked, the nights that are left."""
    assert agreed_minor(30_000, nights=3, quoted_minor=30_000, quoted_nights=3) == 30_000
    assert agreed_minor(0, nights=3, quoted_minor=30_000, quoted_nights=3) == 30_000
    assert agreed_minor(0, nights=2, quoted_minor=30_000, quoted_nights=3) == 20_000
    assert agreed_minor(50_000, nights=5, quoted_minor=30_000, quoted_nights=3) == 50_000
    assert agreed_minor(0, nights=5, quoted_minor=30_000, quoted_nights=3) == 30_000
