"""Modifications: one side proposes other dates, another party or price, the other agrees, and the booking changes.

What needs nobody's agreement (see :data:`~transactional.modifications.rules.WAIVERS`) is done at once. What
is to be paid on top is paid before the booking changes, by a saga; what goes back goes after it.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from transactional.bookings import repository as bookings
from transactional.bookings.changes import by_api
from transactional.bookings.errors import StayIsOver
from transactional.bookings.rules import BookingStatus, Change, Side, after, require_side
from transactional.calendars.conflicts import contention_as_conflict
from transactional.kit.sqlstate import violated_constraint
from transactional.listings.errors import ListingBusy
from transactional.listings.repository import lock_listing
from transactional.modifications import repository
from transactional.modifications.applying import apply_to, move, require_possible
from transactional.modifications.drafts import Caller, draw_up, effect_of
from transactional.modifications.errors import (
    BookingVersionMismatch,
    ModificationExpired,
    ModificationOpen,
    ModificationStateConflict,
    PriceNotYours,
)
from transactional.modifications.records import ModificationRecord, Wish
from transactional.modifications.rules import (
    ModificationStatus,
    Step,
    money_due,
    needs_approval,
    require_answer,
    target,
)
from transactional.modifications.settling import method_for, settle
from transactional.users.actors import Actor

_ONE_OPEN: Final = "ux_modifications_open"


class Answered(NamedTuple):
    """Which modification of which booking."""

    booking_id: UUID
    modification_id: UUID


async def propose(
    session: AsyncSession,
    clock: Clock,
    actor: Actor,
    booking_id: UUID,
    wish: Wish,
    *,
    if_match: frozenset[int] | None = None,
) -> ModificationRecord:
    """Propose a change of a confirmed booking, at a price that holds until it is answered.

    Parameters
    ----------
    if_match
        Versions of the booking that the caller speaks of; None: any.

    Raises
    ------
    BookingNotFound, PriceNotYours
        Not the caller's booking, or not the caller's price to name.
    BookingVersionMismatch, BookingStateConflict, StayIsOver, NightsSpent, ModificationOpen
        The booking cannot be changed so, or not now.
    InvalidStay, TooManyGuests, TooManyPets, NothingToModify, PaymentMethodNeeded
        The wish makes no sense.
    StayUnavailable, ListingWithdrawn, ListingBusy
        The nights are not to be had.
    """
    listing_id, side = await bookings.side_of(session, actor, booking_id)
    require_side(Change.MODIFY, side)
    if wish.nights_price_minor is not None and side is Side.GUEST:
        raise PriceNotYours
    with contention_as_conflict(listing_id):
        listing = await lock_listing(session, listing_id, owner=None)
        booking = await bookings.get(session, booking_id)
        caller = Caller(actor, side, listing, booking)
        await _require_open_to_change(session, clock, caller, if_match=if_match)
        modification = await draw_up(session, clock, caller, wish)
        await _add(session, listing_id, modification)
        if needs_approval(side, effect_of(booking, modification)):
            if side is Side.GUEST and modification.charge_difference_minor > 0:
                await method_for(session, booking, wish.payment_method)
            return modification
        return await _go_ahead(session, clock, caller, modification, payment_method=None)


async def approve(
    session: AsyncSession, clock: Clock, actor: Actor, answered: Answered, *, payment_method: str | None = None
) -> ModificationRecord:
    """Agree to what the other side proposed: it is applied, at once or when what is due on top has been paid.

    Parameters
    ----------
    payment_method
        The guest's, for what is to be paid on top; None: what the proposal named or the booking was paid with.

    Raises
    ------
    BookingNotFound, ModificationNotFound, AnswerNotYours
        Not the caller's to answer.
    ModificationStateConflict, ModificationExpired, BookingStateConflict, BookingMovedOn
        Answered already, too late, or the booking has changed.
    NightsSpent, StayUnavailable, PaymentMethodNeeded, ListingBusy
        The nights have passed or are gone, or nothing is known to pay with.
    """
    listing_id, side = await bookings.side_of(session, actor, answered.booking_id)
    with contention_as_conflict(listing_id):
        listing = await lock_listing(session, listing_id, owner=None)
        modification = await _answerable(session, answered, Step.APPLY, side)
        if modification.expires_at <= clock.now():
            raise ModificationExpired(modification.modification_id, expires_at=modification.expires_at)
        caller = Caller(actor, side, listing, await bookings.get(session, answered.booking_id))
        named = payment_method if side is Side.GUEST else None
        return await _go_ahead(session, clock, caller, modification, payment_method=named)


async def decline(
    session: AsyncSession, clock: Clock, actor: Actor, answered: Answered, *, reason: str | None = None
) -> ModificationRecord:
    """Turn down what the other side proposed; raises as :func:`approve`."""
    return await _end(session, clock, actor, answered, step=Step.DECLINE, reason=reason)


async def withdraw(session: AsyncSession, clock: Clock, actor: Actor, answered: Answered) -> ModificationRecord:
    """Take a proposal of one's own back; raises as :func:`approve`."""
    return await _end(session, clock, actor, answered, step=Step.WITHDRAW, reason=None)


async def list_for(session: AsyncSession, actor: Actor, booking_id: UUID) -> list[ModificationRecord]:
    """Every modification of a booking of the actor's, newest first; or raise `BookingNotFound`."""
    await bookings.side_of(session, actor, booking_id)
    return await repository.list_of(session, booking_id)


async def get_for(session: AsyncSession, actor: Actor, wanted: Answered) -> ModificationRecord:
    """A modification of a booking of the actor's, or raise `BookingNotFound` or :class:`ModificationNotFound`."""
    await bookings.side_of(session, actor, wanted.booking_id)
    return await repository.get(session, wanted.modification_id, booking_id=wanted.booking_id)


async def expire_due(session: AsyncSession, clock: Clock, *, limit: int) -> int:
    """Close the proposals that nobody answered in time: the sweeper, to be called again and again; say how many."""
    return await repository.expire_due(session, now=clock.now(), limit=limit)


async def _require_open_to_change(
    session: AsyncSession, clock: Clock, caller: Caller, *, if_match: frozenset[int] | None
) -> None:
    booking = caller.booking
    if if_match is not None and booking.version not in if_match:
        raise BookingVersionMismatch(booking.reference, version=booking.version)
    after(BookingStatus(booking.status), Change.MODIFY, reference=booking.reference)
    if clock.now() >= booking.ends_at:
        raise StayIsOver(booking.reference, check_out=booking.check_out)
    await repository.expire_due_of(session, booking.booking_id, now=clock.now())
    if (other := await repository.open_of(session, booking.booking_id)) is not None:
        raise ModificationOpen(other)


async def _add(session: AsyncSession, listing_id: int, modification: ModificationRecord) -> None:
    try:
        await repository.add(session, modification)
    except IntegrityError as error:
        if violated_constraint(error) == _ONE_OPEN:  # behind the check, which has the lock
            raise ListingBusy(listing_id) from error
        raise


async def _go_ahead(
    session: AsyncSession,
    clock: Clock,
    caller: Caller,
    modification: ModificationRecord,
    *,
    payment_method: str | None,
) -> ModificationRecord:
    """Do what was agreed: at once where nothing is to be paid first."""
    booking = await require_possible(session, clock, caller.listing, modification)
    more, less = money_due(booking.charge_lines, modification.charge_lines)
    method = None
    if more:
        method = await method_for(session, booking, payment_method, modification.payment_method)
        done = await move(session, clock, modification, Step.PAY, payment_method=method)
    else:
        cause = by_api(caller.actor, caller.side)
        await apply_to(session, clock, cause, caller.listing, modification)
        done = await repository.get(session, modification.modification_id)
    if more or less:
        await settle(session, clock, booking, modification, more=more, less=less, payment_method=method)
    return done


async def _end(
    session: AsyncSession, clock: Clock, actor: Actor, answered: Answered, *, step: Step, reason: str | None
) -> ModificationRecord:
    listing_id, side = await bookings.side_of(session, actor, answered.booking_id)
    with contention_as_conflict(listing_id):
        await lock_listing(session, listing_id, owner=None)
        modification = await _answerable(session, answered, step, side)
        return await move(session, clock, modification, step, closed_because=reason or target(step).value)


async def _answerable(session: AsyncSession, answered: Answered, step: Step, side: Side) -> ModificationRecord:
    """Find the modification, with its listing locked, that waits for this side's answer."""
    modification = await repository.get(session, answered.modification_id, booking_id=answered.booking_id)
    require_answer(step, side, proposed_by=Side(modification.proposed_by))
    if modification.status != ModificationStatus.PROPOSED:
        change = "approve" if step is Step.APPLY else step.value
        raise ModificationStateConflict(modification.modification_id, status=modification.status, change=change)
    return modification
