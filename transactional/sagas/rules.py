"""Kinds of saga, their steps as data, and what follows a step that is done, refused or without an answer: pure.

A saga goes forward step by step. Where one is refused for good, or its deadline passes, it turns back and
undoes its steps in reverse order, beginning with the one it stood at, which may have happened without
anybody knowing. A step that cannot be undone is gone on with until it is done: past its deadline the saga
is called stuck, shown to a person, and still tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class SagaKind(StrEnum):
    """What a saga is for."""

    PAYMENT = "payment"
    """A hold is paid and becomes a booking."""
    SETTLEMENT = "settlement"
    """What a cancelled booking's guest is owed goes back."""
    CHANGE = "change"
    """A modification: the difference is paid and applied, or applied and paid back."""
    PAYOUT = "payout"
    """A host gets what a stay earned."""


class SagaStatus(StrEnum):
    """How far a saga is."""

    RUNNING = "running"
    COMPENSATING = "compensating"
    DONE = "done"
    COMPENSATED = "compensated"
    STUCK = "stuck"


FINISHED: Final = frozenset({SagaStatus.DONE, SagaStatus.COMPENSATED})
UNFINISHED: Final = tuple(status.value for status in SagaStatus if status not in FINISHED)
UNDO: Final = "undo_"
"""What the name of a step begins with while it is undone."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a kind of saga.

    Attributes
    ----------
    undoable
        Whether a saga may turn back here; otherwise the step must succeed.
    patience
        Time the saga gets when it comes here; None leaves it the time it has.
    """

    name: str
    undoable: bool = True
    patience: timedelta | None = None


CAPTURE_PATIENCE: Final = timedelta(hours=24)
"""A confirmed guest is not thrown out for an hour's fault of the processor's; authorisations last seven days."""

STEPS: Final[dict[SagaKind, tuple[Step, ...]]] = {
    SagaKind.PAYMENT: (Step("authorise"), Step("confirm"), Step("capture", patience=CAPTURE_PATIENCE)),
    # The difference is taken before the stay is changed: it can be given back, while the former nights may be gone.
    SagaKind.CHANGE: (
        Step("open"),
        Step("authorise"),
        Step("capture"),
        Step("apply"),
        Step("refund", undoable=False),
    ),
    SagaKind.SETTLEMENT: (Step("release", undoable=False), Step("refund", undoable=False)),
    SagaKind.PAYOUT: (Step("pay_out", undoable=False),),
}
"""Every kind's steps in order; a step with nothing to do (no difference to refund, say) is done at once."""

ATTEMPTS: Final = 10
"""Failures in a row after which a step that must succeed is called stuck."""
FIRST_PAUSE: Final = timedelta(milliseconds=500)
LONGEST_PAUSE: Final = timedelta(seconds=60)
STUCK_PAUSE: Final = timedelta(hours=1)
"""How often a stuck saga is tried without being asked to."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a saga stands."""

    status: SagaStatus
    step: str


def first(kind: SagaKind, at: str | None = None) -> Position:
    """Where a saga begins: at its first step, or at the one named, where the earlier ones are done already."""
    return Position(SagaStatus.RUNNING, (STEPS[kind][0] if at is None else step_of(kind, at)).name)


def step_of(kind: SagaKind, name: str) -> Step:
    """The step that a name means, whether it is taken or undone."""
    return STEPS[kind][_index(kind, name)]


def is_backwards(name: str) -> bool:
    """Whether a saga at that step is on its way back."""
    return name.startswith(UNDO)


def after_done(kind: SagaKind, name: str) -> Position:
    """Where a saga stands when what it stood at is done: a step further, or a step further back."""
    index = _index(kind, name)
    if is_backwards(name):
        if index == 0:
            return Position(SagaStatus.COMPENSATED, name)
        return Position(SagaStatus.COMPENSATING, UNDO + STEPS[kind][index - 1].name)
    if index + 1 == len(STEPS[kind]):
        return Position(SagaStatus.DONE, name)
    return Position(SagaStatus.RUNNING, STEPS[kind][index + 1].name)


def turned_back(kind: SagaKind, name: str) -> Position:
    """Where a saga stands that gives its step up; where the step cannot be undone it is stuck there."""
    if is_backwards(name) or not step_of(kind, name).undoable:
        return Position(SagaStatus.STUCK, name)
    return Position(SagaStatus.COMPENSATING, UNDO + name)


def gives_up(kind: SagaKind, name: str, *, deadline_at: datetime, now: datetime) -> bool:
    """Whether a saga turns back before it tries its step again."""
    return now >= deadline_at and not is_backwards(name) and step_of(kind, name).undoable


def after_failure(kind: SagaKind, name: str, *, attempts: int, deadline_at: datetime, now: datetime) -> Position:
    """Where a saga stands when nobody knows whether its step happened, or it could not be tried."""
    if gives_up(kind, name, deadline_at=deadline_at, now=now):
        return turned_back(kind, name)
    forwards = not is_backwards(name)
    if forwards and step_of(kind, name).undoable:
        return Position(SagaStatus.RUNNING, name)
    if attempts >= ATTEMPTS:
        return Position(SagaStatus.STUCK, name)
    return Position(SagaStatus.RUNNING if forwards else SagaStatus.COMPENSATING, name)


def pause(status: SagaStatus, attempts: int, *, draw: float) -> timedelta:
    """Time until the next attempt: twice as long each time up to a minute, of which a half at random.

    Parameters
    ----------
    attempts
        Failures in a row, at least one.
    draw
        From 0 to 1, at random, so that sagas which failed together do not come again together.
    """
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts - 1, 16)))
    return (STUCK_PAUSE if status is SagaStatus.STUCK else longest) * (0.5 + draw / 2)


def _index(kind: SagaKind, name: str) -> int:
    names = [step.name for step in STEPS[kind]]
    return names.index(name.removeprefix(UNDO))


ADVICE: Final[dict[str, str]] = {
    "open": "Nothing to do: it turns back at its deadline.",
    "authorise": "Nothing to do: it turns back at its deadline.",
    "confirm": "Nothing to do: it turns back at its deadline.",
    "apply": "Nothing to do: it turns back at its deadline.",
    "capture": "See whether the processor answers; it turns back at its deadline.",
    "undo_authorise": "Void the authorisation at the processor if it stands there, then retry: a void is done once.",
    "undo_confirm": "Read the error; cancel the booking as an administrator, then retry.",
    "undo_open": "Read the error, then retry.",
    "undo_apply": "Read the error, then retry.",
    "undo_capture": "The processor refuses the refund: pay the guest back another way or mend it there, then retry.",
    "release": "Void the authorisation at the processor if it stands there, then retry.",
    "refund": "The processor refuses the refund: pay the guest back another way or mend it there, then retry.",
    "pay_out": "Ask the host for another account, then retry: a refused payout is sent again under a new key.",
}
"""What a person does about a saga that stays at a step."""
