"""Who has to agree to what, and which nights a booking may get: without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.calendar import Refusal, StayCalendar
from lodestay.pricing import Component
from lodestay.stay import Stay
from tests.transactional.factories import TODAY, stay_of
from transactional.bookings.rules import Side
from transactional.ledger.rules import parts_of
from transactional.modifications.errors import AnswerNotYours, NightsSpent
from transactional.modifications.rules import (
    TRANSITIONS,
    Effect,
    ModificationStatus,
    Party,
    Price,
    Step,
    answer_by,
    money_due,
    needs_approval,
    party_of,
    price_of,
    refuse_nights,
    require_answer,
    require_nights_to_come,
    target,
)

SIDES = (Side.GUEST, Side.HOST, Side.PLATFORM)
NIGHTS = 60
WHOLE_EFFECTS = [Effect(*each) for each in product((True, False), Party, Price)]


def test_what_the_other_side_need_not_agree_to() -> None:
    """Every combination of side and effect: nothing is done to anybody who gains nothing and was not asked."""
    waived = {(side, effect) for side in SIDES for effect in WHOLE_EFFECTS if not needs_approval(side, effect)}
    assert waived == (
        {(Side.GUEST, Effect(True, party, Price.SAME)) for party in (Party.SMALLER, Party.SAME)}
        | {(Side.HOST, Effect(True, Party.SAME, price)) for price in (Price.SAME, Price.LOWER)}
        | {(Side.PLATFORM, effect) for effect in WHOLE_EFFECTS if effect.price is not Price.HIGHER}
    )


def test_no_side_makes_the_guest_pay_more_without_the_guest() -> None:
    """A higher price waits for somebody else's word, whoever proposes it; nobody but the guest gives the guest's."""
    for side in SIDES:
        assert all(needs_approval(side, effect) for effect in WHOLE_EFFECTS if effect.price is Price.HIGHER)
    for side in (Side.HOST, Side.PLATFORM):
        require_answer(Step.APPLY, Side.GUEST, proposed_by=side)
        for other in (Side.HOST, Side.PLATFORM):
            with pytest.raises(AnswerNotYours):
                require_answer(Step.APPLY, other, proposed_by=side)


@pytest.mark.parametrize(
    ("step", "proposed_by", "allowed"),
    [
        (Step.APPLY, Side.GUEST, {Side.HOST, Side.PLATFORM}),
        (Step.DECLINE, Side.GUEST, {Side.HOST, Side.PLATFORM}),
        (Step.DECLINE, Side.HOST, {Side.GUEST, Side.PLATFORM}),
        (Step.WITHDRAW, Side.GUEST, {Side.GUEST, Side.PLATFORM}),
        (Step.WITHDRAW, Side.HOST, {Side.HOST, Side.PLATFORM}),
    ],
)
def test_each_answer_has_its_sides(step: Step, proposed_by: Side, allowed: set[Side]) -> None:
    """Others are refused, and told whose it is."""
    for side in SIDES:
        if side in allowed:
            require_answer(step, side, proposed_by=proposed_by)
        else:
            with pytest.raises(AnswerNotYours) as refused:
                require_answer(step, side, proposed_by=proposed_by)
            assert set(refused.value.extensions["allowed"]) == {each.value for each in allowed}


def test_states_end() -> None:
    """Each step leads to one state; nothing leads out of a closed one; what is being paid can only be done or fail."""
    assert {target(step) for step in Step} == set(ModificationStatus) - {ModificationStatus.PROPOSED}
    assert {source for source, _ in TRANSITIONS} == {ModificationStatus.PROPOSED, ModificationStatus.PAYING}
    assert {step for source, step in TRANSITIONS if source is ModificationStatus.PAYING} == {Step.APPLY, Step.FAIL}


@pytest.mark.parametrize(
    ("before", "after", "party"),
    [
        ((2, 0), (2, 0), Party.SAME),
        ((2, 1), (2, 0), Party.SMALLER),
        ((2, 1), (1, 1), Party.SMALLER),
        ((2, 1), (3, 0), Party.LARGER),
        ((2, 1), (1, 2), Party.LARGER),
    ],
)
def test_parties_compare(before: tuple[int, int], after: tuple[int, int], party: Party) -> None:
    """One guest less for a dog more is a larger party: the host has to want it."""
    assert party_of(before=before, after=after) is party


def test_prices_compare() -> None:
    """Each way."""
    assert [price_of(before=10, after=after) for after in (9, 10, 11)] == [Price.LOWER, Price.SAME, Price.HIGHER]


def test_b5_an_answer_is_due_before_either_stay_begins() -> None:
    """B5: an instant, the earliest of the host's hours and the two starts; during the stay, its end."""
    now = datetime(2026, 6, 15, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    until = answer_by(now, approval_hours=24, instants=(now + 100 * hour, now + 5 * hour), still=now + 200 * hour)
    assert until == now + 5 * hour
    assert answer_by(now, approval_hours=24, instants=(now + 99 * hour,), still=now + 200 * hour) == now + 24 * hour
    assert answer_by(now, approval_hours=24, instants=(now - hour,), still=now + 2 * hour) == now + 2 * hour


stays = st.tuples(st.integers(0, NIGHTS - 20), st.integers(1, 15)).map(lambda pair: stay_of(*pair))


@given(booked=stays, wished=stays, today=st.integers(0, NIGHTS))
def test_nights_that_have_passed_stay(booked: Stay, wished: Stay, today: int) -> None:
    """A change is possible exactly where every night before today is in both stays or in neither."""
    now = TODAY + timedelta(days=today)
    spent = {night for night in set(booked) ^ set(wished) if night < now}
    if not spent:
        require_nights_to_come(booked, wished, today=now)
        return
    with pytest.raises(NightsSpent) as refused:
        require_nights_to_come(booked, wished, today=now)
    assert set(refused.value.extensions["nights"]) == {night.isoformat() for night in spent}


def calendar_of(free: Any, *, min_stay: int = 1, notice: int = 0, preparation: Any = None) -> StayCalendar:
    """A calendar from :data:`TODAY` on, of nights that somebody has or has not."""
    free = np.asarray(free, dtype=bool)
    length = len(free)
    return StayCalendar(
        start=TODAY,
        price_minor=np.full(length, 100),
        free=free,
        min_stay=np.full(length, min_stay, dtype=np.int32),
        max_stay=np.full(length, 365, dtype=np.int32),
        closed_to_arrival=np.zeros(length, dtype=bool),
        closed_to_departure=np.zeros(length, dtype=bool),
        advance_notice_days=notice,
        preparation_days=1,
        preparation=preparation,
    )


@given(
    booked=stays,
    wished=stays,
    others=st.sets(st.integers(0, NIGHTS - 1)),
    by=st.sampled_from(SIDES),
)
def test_b11_a_stay_never_stands_in_its_own_way_and_others_always_do(
    booked: Stay, wished: Stay, others: set[int], by: Side
) -> None:
    """B11: moved by whomever, a booking gets a night that it has or nobody has, and none of another's."""
    free = [n not in others or TODAY + timedelta(days=n) in set(booked) for n in range(NIGHTS)]
    taken = {TODAY + timedelta(days=n) for n in range(NIGHTS) if not free[n]}
    refused = refuse_nights(calendar_of(free), booked, wished, by=by, today=TODAY, hour=0)
    in_the_way = tuple(sorted(taken & set(wished)))
    if in_the_way:
        assert refused is not None
        assert (refused.rule, refused.nights) == (Refusal.NIGHTS_TAKEN, in_the_way)
    else:
        assert refused is None


def test_b11_control_with_itself_in_the_calendar_a_stay_cannot_move_by_a_night() -> None:
    """Control: a check against all that is taken refuses a shift onto one's own nights."""
    booked, wished = stay_of(10, 3), stay_of(11, 3)
    with_itself = calendar_of([TODAY + timedelta(days=n) not in set(booked) for n in range(NIGHTS)])
    refused = with_itself.refuse(wished, today=TODAY)
    assert refused is not None
    assert refused.rule is Refusal.NIGHTS_TAKEN


def test_the_hosts_rules_bind_the_guest_and_not_the_host() -> None:
    """A minimum stay and preparation refuse what the guest wants; the host and the platform may want it."""
    booked, shorter, longer = stay_of(10, 3), stay_of(10, 2), stay_of(10, 4)
    prepared = np.zeros(NIGHTS, dtype=bool)
    prepared[13] = True
    calendar = calendar_of(~prepared, min_stay=3, preparation=prepared)
    for wished, rule in ((shorter, Refusal.MIN_STAY), (longer, Refusal.PREPARATION)):
        refused = refuse_nights(calendar, booked, wished, by=Side.GUEST, today=TODAY, hour=0)
        assert refused is not None
        assert refused.rule is rule
        for side in (Side.HOST, Side.PLATFORM):
            assert refuse_nights(calendar, booked, wished, by=side, today=TODAY, hour=0) is None


def test_notice_was_given_with_the_booking() -> None:
    """A guest stays longer at a day's notice where the host asks for three; arriving on another day needs them."""
    calendar = calendar_of(np.ones(NIGHTS), notice=3)
    booked, today = stay_of(10, 3), TODAY + timedelta(days=9)
    assert refuse_nights(calendar, booked, stay_of(10, 4), by=Side.GUEST, today=today, hour=0) is None
    refused = refuse_nights(calendar, booked, stay_of(11, 3), by=Side.GUEST, today=today, hour=0)
    assert refused is not None
    assert refused.rule is Refusal.ADVANCE_NOTICE


def test_a_running_stay_is_prolonged() -> None:
    """Nights before the calendar begins are its own already; it gets none behind the calendar's end."""
    calendar = replace(calendar_of(np.ones(8)), start=TODAY + timedelta(days=12))
    booked, today = stay_of(10, 4), TODAY + timedelta(days=12)
    assert refuse_nights(calendar, booked, stay_of(10, 6), by=Side.GUEST, today=today, hour=0) is None
    refused = refuse_nights(calendar, booked, stay_of(10, 11), by=Side.GUEST, today=today, hour=0)
    assert refused is not None
    assert (refused.rule, refused.nights) == (Refusal.OUTSIDE_CALENDAR, (date(2026, 7, 5),))


charges = st.dictionaries(st.sampled_from(list(Component)[4:]), st.integers(1, 10**6)).map(
    lambda parts: [{"component": component.value, "minor": minor} for component, minor in parts.items()]
)


@given(before=charges, after=charges, nights=st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)))
def test_b26_what_was_paid_for_each_component_is_what_it_costs(
    before: list[dict[str, Any]], after: list[dict[str, Any]], nights: tuple[int, int]
) -> None:
    """B26: with the payment on top and the refund, every component is paid exactly, and none goes below nothing."""
    then, now = (
        [{"component": "nights", "minor": minor}, *lines] for minor, lines in zip(nights, (before, after), strict=True)
    )
    more, less = money_due(then, now)
    paid, back = parts_of(more), parts_of(less)
    was, has = parts_of(then), parts_of(now)
    for component in Component:
        assert back.get(component, 0) <= was.get(component, 0)
        assert was.get(component, 0) + paid.get(component, 0) - back.get(component, 0) == has.get(component, 0)
    assert not set(paid) & set(back)
