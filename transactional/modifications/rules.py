"""What can be changed about a booking, who has to agree, and what follows: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np

from lodestay.calendar import DAY_HOURS, Refusal, RefusedStay, StayCalendar
from lodestay.pricing import Component
from lodestay.stay import Stay
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Side, instants_of
from transactional.ledger.rules import parts_of
from transactional.modifications.errors import AnswerNotYours, NightsSpent


class ModificationStatus(StrEnum):
    """What a modification is."""

    PROPOSED = "proposed"
    PAYING = "paying"
    APPLIED = "applied"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    FAILED = "failed"


class Step(StrEnum):
    """What can happen to a modification."""

    PAY = "pay"
    APPLY = "apply"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    FAIL = "fail"


_S = ModificationStatus
TRANSITIONS: Final[dict[tuple[ModificationStatus, Step], ModificationStatus]] = {
    (_S.PROPOSED, Step.PAY): _S.PAYING,
    (_S.PROPOSED, Step.APPLY): _S.APPLIED,
    (_S.PROPOSED, Step.DECLINE): _S.DECLINED,
    (_S.PROPOSED, Step.WITHDRAW): _S.WITHDRAWN,
    (_S.PROPOSED, Step.EXPIRE): _S.EXPIRED,
    (_S.PAYING, Step.APPLY): _S.APPLIED,
    (_S.PAYING, Step.FAIL): _S.FAILED,
}
"""From which state which step leads where; what is not here cannot happen."""


def sources(step: Step) -> list[ModificationStatus]:
    """States in which a step can be taken: the guard of the UPDATE that takes it."""
    return [status for status, possible in TRANSITIONS if possible is step]


def target(step: Step) -> ModificationStatus:
    """State that a step leads to, from wherever it is taken."""
    (only,) = {status for (_, possible), status in TRANSITIONS.items() if possible is step}
    return only


class Party(StrEnum):
    """Guests and pets against those booked."""

    SMALLER = "smaller"
    SAME = "same"
    LARGER = "larger"


class Price(StrEnum):
    """The total against the one booked."""

    LOWER = "lower"
    SAME = "same"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a modification does to a booking."""

    same_nights: bool
    party: Party
    price: Price


@dataclass(frozen=True, slots=True)
class Waiver:
    """Changes of one side that the other need not agree to."""

    by: Side
    same_nights: frozenset[bool]
    parties: frozenset[Party]
    prices: frozenset[Price]


WAIVERS: Final = (
    Waiver(Side.GUEST, frozenset({True}), frozenset({Party.SMALLER, Party.SAME}), frozenset({Price.SAME})),
    Waiver(Side.HOST, frozenset({True}), frozenset({Party.SAME}), frozenset({Price.SAME, Price.LOWER})),
    Waiver(Side.PLATFORM, frozenset({True, False}), frozenset(Party), frozenset({Price.SAME, Price.LOWER})),
)
"""A guest brings fewer people for the same money; a host gives something for nothing; the platform helps out."""

ANSWERING: Final = {Side.GUEST: (Side.HOST, Side.PLATFORM), Side.HOST: (Side.GUEST,), Side.PLATFORM: (Side.GUEST,)}
"""Who can agree to what a side proposes: nobody but the guest to what the guest may have to pay."""


def needs_approval(by: Side, effect: Effect) -> bool:
    """Whether the other side has to agree."""
    return not any(
        waiver.by is by
        and effect.same_nights in waiver.same_nights
        and effect.party in waiver.parties
        and effect.price in waiver.prices
        for waiver in WAIVERS
    )


def require_answer(step: Step, side: Side, *, proposed_by: Side) -> None:
    """Let a side answer what is its to answer, or raise :class:`AnswerNotYours`; the platform may end anything."""
    allowed = (proposed_by,) if step is Step.WITHDRAW else ANSWERING[proposed_by]
    if step in {Step.WITHDRAW, Step.DECLINE} and Side.PLATFORM not in allowed:
        allowed = (*allowed, Side.PLATFORM)
    if side not in allowed:
        change = "approve" if step in {Step.PAY, Step.APPLY} else step.value
        raise AnswerNotYours(change=change, side=side, allowed=[each.value for each in allowed])


def party_of(*, before: tuple[int, int], after: tuple[int, int]) -> Party:
    """Compare guests and pets; more of either is a larger party."""
    if before == after:
        return Party.SAME
    return Party.SMALLER if after[0] <= before[0] and after[1] <= before[1] else Party.LARGER


def price_of(*, before: int, after: int) -> Price:
    """Compare totals."""
    if before == after:
        return Price.SAME
    return Price.HIGHER if after > before else Price.LOWER


def instants_after(
    booking: BookingRecord, stay: Stay, *, timezone: str, check_in_hour: int, check_out_hour: int
) -> tuple[datetime, datetime]:
    """When a changed stay starts and ends: a date that stays keeps its instant, whatever the listing's hours are now.

    So a host's new hours do not move the deadlines of a guest who only changes the other date, or none.
    """
    starts_at, ends_at = instants_of(
        stay, timezone=timezone, check_in_hour=check_in_hour, check_out_hour=check_out_hour
    )
    return (
        booking.starts_at if stay.check_in == booking.check_in else starts_at,
        booking.ends_at if stay.check_out == booking.check_out else ends_at,
    )


def answer_by(now: datetime, *, approval_hours: int, instants: Sequence[datetime], still: datetime) -> datetime:
    """Until when a modification can be answered: never past the start of a stay that is yet to begin.

    Parameters
    ----------
    instants
        Starts of the booked and of the changed stay; those that have passed say nothing.
    still
        End of the booked stay.
    """
    limits = [now + timedelta(hours=approval_hours), *(instant for instant in instants if instant > now), still]
    return min(limits)


def require_nights_to_come(booked: Stay, wished: Stay, *, today: date) -> None:
    """Let only nights from today on change, or raise :class:`NightsSpent`."""
    moved = sorted(night for night in set(booked) ^ set(wished) if night < today)
    if moved:
        raise NightsSpent(moved)


def refuse_nights(
    calendar: StayCalendar, booked: Stay, wished: Stay, *, by: Side, today: date, hour: int
) -> RefusedStay | None:
    """Say why a booking cannot have other nights, or None where it can.

    Nobody gets nights that another has. The host's own rules (the length of stays, days of arrival, notice,
    preparation) bind guests; a host who proposes, or the platform, may set them aside. The notice was given
    with the booking, as long as the arrival stays.

    Parameters
    ----------
    calendar
        Of `Window.around` the wished stay, as if the booking were not there.
    """
    if wished == booked:
        return None
    added = sorted(set(wished) - set(booked))
    unknown = [night for night in added if not 0 <= calendar.index(night) < len(calendar.free)]
    if unknown:
        return RefusedStay(Refusal.OUTSIDE_CALENDAR, tuple(unknown), None)
    by_guest = by is Side.GUEST
    only_prepared = np.zeros_like(calendar.free) if calendar.preparation is None else calendar.preparation
    had = calendar.free if by_guest else calendar.free | only_prepared
    taken = tuple(night for night in added if not had[calendar.index(night)])
    if taken:
        prepared = all(only_prepared[calendar.index(night)] for night in taken)
        return RefusedStay(Refusal.PREPARATION if prepared else Refusal.NIGHTS_TAKEN, taken, None)
    known = calendar.start <= wished.check_in and wished.check_out <= calendar.end
    if not by_guest or not known:
        return None
    if wished.check_in == booked.check_in:
        given = replace(calendar, advance_notice_days=0, last_booking_hour=DAY_HOURS)
        return given.refuse(wished, today=min(today, wished.check_in))
    return calendar.refuse(wished, today=today, hour=hour)


def money_due(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the guest pays on top, and what goes back, component by component; both may be something.

    Each component is paid or refunded by itself, so that what was paid for each is always what it costs.
    """
    then, now = parts_of(before), parts_of(after)
    changes = {each: now.get(each, 0) - then.get(each, 0) for each in Component}
    more = [{"component": each.value, "minor": minor} for each, minor in changes.items() if minor > 0]
    less = [{"component": each.value, "minor": -minor} for each, minor in changes.items() if minor < 0]
    return more, less
