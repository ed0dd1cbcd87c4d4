"""Which action stands behind each step."""

from __future__ import annotations

from transactional.bookings.rules import BookingStatus
from transactional.modifications import applying
from transactional.sagas.actions import Action, Nothing
from transactional.sagas.change import Apply, GiveUp, Modifications
from transactional.sagas.money import GiveBack
from transactional.sagas.payment import Authorise, Capture, Confirm, UndoConfirm
from transactional.sagas.payout import PayOut
from transactional.sagas.rules import SagaKind
from transactional.sagas.settlement import Refund, Release


def actions_with(modifications: Modifications) -> dict[tuple[SagaKind, str], Action]:
    """Every step's action, and what undoes it."""
    return {
        (SagaKind.PAYMENT, "authorise"): Authorise(),
        (SagaKind.PAYMENT, "confirm"): Confirm(),
        (SagaKind.PAYMENT, "capture"): Capture(),
        (SagaKind.PAYMENT, "undo_capture"): GiveBack(),
        (SagaKind.PAYMENT, "undo_confirm"): UndoConfirm(),
        (SagaKind.PAYMENT, "undo_authorise"): GiveBack(),
        (SagaKind.CHANGE, "open"): Nothing(),
        (SagaKind.CHANGE, "authorise"): Authorise(wanting=frozenset({BookingStatus.CONFIRMED})),
        (SagaKind.CHANGE, "capture"): Capture(schedules_payout=False),
        (SagaKind.CHANGE, "apply"): Apply(modifications),
        (SagaKind.CHANGE, "refund"): Refund(),
        (SagaKind.CHANGE, "undo_apply"): Nothing(),  # the step itself changes everything or nothing
        (SagaKind.CHANGE, "undo_capture"): GiveBack(),
        (SagaKind.CHANGE, "undo_authorise"): GiveBack(),
        (SagaKind.CHANGE, "undo_open"): GiveUp(modifications),
        (SagaKind.SETTLEMENT, "release"): Release(),
        (SagaKind.SETTLEMENT, "refund"): Refund(),
        (SagaKind.PAYOUT, "pay_out"): PayOut(),
    }


ACTIONS = actions_with(applying)
"""Those of the platform."""
