"""A booking's states and what leads from one to the next, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from lodestay.clock import local_instant
from lodestay.stay import Stay
from transactional.bookings.errors import BookingStateConflict, ChangeNotYours

CHECK_IN_HOUR: Final = 15
CHECK_OUT_HOUR: Final = 11
"""When stays start and end, in the listing's zone, where the listing does not say."""


class BookingStatus(StrEnum):
    """What a booking is."""

    REQUESTED = "requested"
    HELD = "held"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class Change(StrEnum):
    """What can happen to a booking; its past tense names the event in the journal."""

    ACCEPT = "accept"
    DECLINE = "decline"
    CONFIRM = "confirm"
    CONFIRM_LATE = "confirm_late"
    MODIFY = "modify"
    CANCEL = "cancel"
    EXPIRE = "expire"
    COMPLETE = "complete"
    LEAVE_EARLY = "leave_early"
    MISS = "miss"


class Side(StrEnum):
    """On whose behalf something happens to a booking."""

    GUEST = "guest"
    HOST = "host"
    PLATFORM = "platform"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Transition:
    """A change from one state to another, and who may make it (an administrator stands for the platform)."""

    source: BookingStatus
    change: Change
    target: BookingStatus
    by: frozenset[Side]


def _by(*sides: Side) -> frozenset[Side]:
    return frozenset(sides)


_GUEST, _HOST, _PLATFORM, _SYSTEM = Side.GUEST, Side.HOST, Side.PLATFORM, Side.SYSTEM
_S, _C = BookingStatus, Change

TRANSITIONS: Final = (
    Transition(_S.REQUESTED, _C.ACCEPT, _S.HELD, _by(_HOST, _PLATFORM)),
    # By the system where another guest got the nights.
    Transition(_S.REQUESTED, _C.DECLINE, _S.DECLINED, _by(_HOST, _PLATFORM, _SYSTEM)),
    Transition(_S.REQUESTED, _C.EXPIRE, _S.EXPIRED, _by(_SYSTEM)),
    Transition(_S.REQUESTED, _C.CANCEL, _S.CANCELLED, _by(_GUEST, _PLATFORM)),
    # By the system when the payment has been authorised.
    Transition(_S.HELD, _C.CONFIRM, _S.CONFIRMED, _by(_GUEST, _PLATFORM, _SYSTEM)),
    Transition(_S.HELD, _C.EXPIRE, _S.EXPIRED, _by(_SYSTEM)),
    Transition(_S.HELD, _C.CANCEL, _S.CANCELLED, _by(_GUEST, _HOST, _PLATFORM, _SYSTEM)),
    # Only what was a hold, and only while its nights are still free: the database decides.
    Transition(_S.EXPIRED, _C.CONFIRM_LATE, _S.CONFIRMED, _by(_GUEST, _PLATFORM, _SYSTEM)),
    Transition(_S.CONFIRMED, _C.MODIFY, _S.CONFIRMED, _by(_GUEST, _HOST, _PLATFORM, _SYSTEM)),
    Transition(_S.CONFIRMED, _C.CANCEL, _S.CANCELLED, _by(_GUEST, _HOST, _PLATFORM, _SYSTEM)),
    Transition(_S.CONFIRMED, _C.COMPLETE, _S.COMPLETED, _by(_SYSTEM)),
    Transition(_S.CONFIRMED, _C.LEAVE_EARLY, _S.COMPLETED, _by(_GUEST, _HOST, _PLATFORM)),
    Transition(_S.CONFIRMED, _C.MISS, _S.NO_SHOW, _by(_HOST, _PLATFORM)),
)
"""From which state which change leads where, and who makes it; what is not here cannot happen."""

WITH_NIGHTS: Final = frozenset({_S.HELD, _S.CONFIRMED, _S.COMPLETED, _S.NO_SHOW})
"""States in which a booking has its nights: exactly one live row of occupancy."""
FINAL: Final = frozenset(BookingStatus) - {transition.source for transition in TRANSITIONS}
"""States that nothing leads out of."""
_NAMES: Final = {
    _C.ACCEPT: "accepted",
    _C.DECLINE: "declined",
    _C.CONFIRM: "confirmed",
    _C.CONFIRM_LATE: "confirmed",
    _C.MODIFY: "modified",
    _C.CANCEL: "cancelled",
    _C.EXPIRE: "expired",
    _C.COMPLETE: "completed",
    _C.LEAVE_EARLY: "left_early",
    _C.MISS: "missed",
}


def event_of(change: Change) -> str:
    """Kind of the journal's event that a change leaves."""
    return _NAMES[change]


def after(status: BookingStatus, change: Change, *, reference: str) -> BookingStatus:
    """State that a change leads to, or :class:`BookingStateConflict`."""
    for transition in TRANSITIONS:
        if transition.source is status and transition.change is change:
            return transition.target
    raise BookingStateConflict(reference, status=status, change=change)


def sources(change: Change) -> list[BookingStatus]:
    """States in which a change can happen: the guard of the UPDATE that makes it."""
    return [transition.source for transition in TRANSITIONS if transition.change is change]


def target(change: Change) -> BookingStatus:
    """State that a change leads to: the same from wherever it can happen."""
    (only,) = {transition.target for transition in TRANSITIONS if transition.change is change}
    return only


def require_side(change: Change, side: Side) -> None:
    """Let a side make a change that is ever its to make, or raise :class:`ChangeNotYours`."""
    allowed = {by for transition in TRANSITIONS if transition.change is change for by in transition.by}
    if side not in allowed:
        raise ChangeNotYours(change=change, side=side, allowed=sorted(allowed - {Side.SYSTEM}))


def diagram() -> str:
    """The states as a Mermaid diagram, for the documentation: a test holds the two together."""
    lines = [
        "stateDiagram-v2",
        "    [*] --> requested: request",
        "    [*] --> held: hold",
        "    [*] --> confirmed: book with a payment receipt",
    ]
    lines += [
        f"    {arc.source} --> {arc.target}: {arc.change.replace('_', ' ')} ({', '.join(sorted(arc.by))})"
        for arc in TRANSITIONS
    ]
    return "\n".join([*lines, *(f"    {status} --> [*]" for status in BookingStatus if status in FINAL)])


def instants_of(stay: Stay, *, timezone: str, check_in_hour: int, check_out_hour: int) -> tuple[datetime, datetime]:
    """When a stay starts and ends, in UTC: the hours are those of the listing's zone on those very days."""
    return (
        local_instant(stay.check_in, check_in_hour, timezone),
        local_instant(stay.check_out, check_out_hour, timezone),
    )


def respond_by(now: datetime, *, approval_hours: int, starts_at: datetime) -> datetime:
    """Until when a host can answer a request: never past the stay's start."""
    return min(now + timedelta(hours=approval_hours), starts_at)


@dataclass(frozen=True, slots=True)
class GuestStanding:
    """What a host may ask of a guest before they book without being asked."""

    identity_verified: bool
    completed_stays: int


NOTHING_KNOWN: Final = GuestStanding(identity_verified=False, completed_stays=0)
"""Of a guest of whom nothing is asked."""


def missing_for_instant_book(
    guest: GuestStanding, *, instant_book: bool, requires_verified_guest: bool, requires_completed_stays: int
) -> tuple[str, ...]:
    """Why a guest has to ask the host first; nothing where they may book at once."""
    if not instant_book:
        return ("the host answers every request",)
    found = []
    if requires_verified_guest and not guest.identity_verified:
        found.append("the guest's identity is not verified")
    if guest.completed_stays < requires_completed_stays:
        found.append(f"the guest has completed {guest.completed_stays} of {requires_completed_stays} stays asked for")
    return tuple(found)
