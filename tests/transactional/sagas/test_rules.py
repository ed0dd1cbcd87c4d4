"""Kinds, steps and pauses, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transactional.sagas.harness import Stub
from transactional.sagas.registry import actions_with
from transactional.sagas.rules import (
    ADVICE,
    ATTEMPTS,
    FINISHED,
    LONGEST_PAUSE,
    STEPS,
    STUCK_PAUSE,
    UNDO,
    Position,
    SagaKind,
    SagaStatus,
    after_done,
    after_failure,
    first,
    gives_up,
    pause,
    turned_back,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PLACES = [(kind, step.name) for kind in SagaKind for step in STEPS[kind]]


@given(kind=st.sampled_from(SagaKind), refused_at=st.integers(0, 5))
def test_every_way_through_a_kind_ends(kind: SagaKind, refused_at: int) -> None:
    """Done step by step a saga is done; refused at a step that can be undone, it is compensated in as many steps."""
    position, taken = first(kind), 0
    while position.status not in FINISHED and taken < 20:
        turn = taken == refused_at and position.status is SagaStatus.RUNNING
        back = turned_back(kind, position.step) if turn else after_done(kind, position.step)
        position = back if back.status is not SagaStatus.STUCK else after_done(kind, position.step)
        taken += 1
    assert position.status in FINISHED
    assert taken <= 2 * len(STEPS[kind]) + 1


def test_a_saga_turns_back_at_the_step_it_stood_at() -> None:
    """That step may have happened: it is undone like those before it, the last first."""
    assert turned_back(SagaKind.PAYMENT, "capture") == Position(SagaStatus.COMPENSATING, "undo_capture")
    assert after_done(SagaKind.PAYMENT, "undo_capture").step == "undo_confirm"
    assert after_done(SagaKind.PAYMENT, "undo_confirm").step == "undo_authorise"
    assert after_done(SagaKind.PAYMENT, "undo_authorise").status is SagaStatus.COMPENSATED


@pytest.mark.parametrize(("kind", "step"), [(SagaKind.PAYOUT, "pay_out"), (SagaKind.SETTLEMENT, "refund")])
def test_what_must_succeed_is_never_given_up(kind: SagaKind, step: str) -> None:
    """It is called stuck instead, and stays where it is."""
    assert not gives_up(kind, step, deadline_at=NOW, now=LATER)
    assert turned_back(kind, step) == Position(SagaStatus.STUCK, step)
    for attempts, status in ((1, SagaStatus.RUNNING), (ATTEMPTS, SagaStatus.STUCK)):
        assert after_failure(kind, step, attempts=attempts, deadline_at=LATER, now=NOW) == Position(status, step)


def test_a_compensation_that_keeps_failing_is_stuck_and_one_that_was_refused_is_at_once() -> None:
    """After some attempts, or a refusal, a person is asked; it is never dropped."""
    step = "undo_capture"
    few = after_failure(SagaKind.PAYMENT, step, attempts=ATTEMPTS - 1, deadline_at=NOW, now=LATER)
    many = after_failure(SagaKind.PAYMENT, step, attempts=ATTEMPTS, deadline_at=NOW, now=LATER)
    assert (few.status, many.status) == (SagaStatus.COMPENSATING, SagaStatus.STUCK)
    assert turned_back(SagaKind.PAYMENT, step) == Position(SagaStatus.STUCK, step)


@given(attempts=st.integers(1, 10_000))
def test_a_deadline_turns_whoever_still_can(attempts: int) -> None:
    """Before it a step is tried however often it failed, from it on no more."""
    before = after_failure(SagaKind.PAYMENT, "authorise", attempts=attempts, deadline_at=LATER, now=NOW)
    after = after_failure(SagaKind.PAYMENT, "authorise", attempts=attempts, deadline_at=LATER, now=LATER)
    assert (before.status, after.status) == (SagaStatus.RUNNING, SagaStatus.COMPENSATING)


@given(attempts=st.integers(1, 10_000), draw=st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_a_minute_and_differ(attempts: int, draw: float) -> None:
    """Never nothing, never longer than the longest, and a half of it at random."""
    length = pause(SagaStatus.RUNNING, attempts, draw=draw)
    assert timedelta(milliseconds=250) <= length <= LONGEST_PAUSE
    assert pause(SagaStatus.RUNNING, attempts, draw=0) * 2 == pause(SagaStatus.RUNNING, attempts, draw=1)
    assert pause(SagaStatus.RUNNING, attempts + 1, draw=draw) >= length
    assert STUCK_PAUSE / 2 <= pause(SagaStatus.STUCK, attempts, draw=draw) <= STUCK_PAUSE


def test_every_step_has_an_action_what_undoes_it_and_advice() -> None:
    """Wherever a saga can stand there is something to do, and something to say to a person."""
    actions = actions_with(Stub())
    backwards = [(kind, UNDO + name) for kind, name in PLACES if STEPS[kind][0].undoable]
    reachable = [(kind, name) for kind, name in backwards if name != "undo_refund"]
    assert set(PLACES) | set(reachable) == set(actions)
    assert {name for _, name in actions} == set(ADVICE)
