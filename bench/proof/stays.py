"""Operations of guests and hosts on bookings."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from bench.proof.log import Acknowledged
from bench.proof.money import method, work_soon
from bench.proof.turns import Promised, Turn
from transactional.bookings import requests, service
from transactional.bookings.holds import expire_due_holds
from transactional.bookings.rules import BookingStatus
from transactional.cancellations import service as cancellations
from transactional.modifications import service as modifications
from transactional.quotes.service import create_quote
from transactional.sagas.checkout import pay

KEEP: Final = timedelta(minutes=15)
VALID: Final = timedelta(minutes=30)
CURRENCIES: Final = (None, None, "EUR", "JPY", "KWD", "USD")
"""What guests want to pay in; None: as the listing's."""
SWEEPERS: Final = (
    expire_due_holds,
    requests.expire_due_requests,
    service.complete_ended_stays,
    modifications.expire_due,
)


async def quote(turn: Turn, *, first: float = 0.5) -> Promised:
    """Ask what some nights cost."""
    guest, listing_id, stay = turn.guest(), turn.listing_id(first=first), turn.stay()
    async with turn.begin() as session:
        given = await create_quote(
            session,
            turn.clock,
            guest_id=guest.user_id,
            listing_id=listing_id,
            stay=stay,
            guests=turn.draws.randint(1, 4),
            pets=0,
            charge_currency=turn.draws.choice(CURRENCIES),
            valid=VALID,
        )
    turn.memory.quotes.append((given.quote_id, guest.user_id))
    return ()


async def hold(turn: Turn) -> Promised:
    """Take a quote's nights to pay for them."""
    quote_id, guest_id = await _quoted(turn, first=0.9)
    async with turn.begin() as session:
        booking = await service.hold(session, turn.clock, guest_id=guest_id, quote_id=quote_id, keep=KEEP)
    return (turn.memory.note(booking),)


async def request(turn: Turn) -> Promised:
    """Ask the host for a quote's nights."""
    quote_id, guest_id = await _quoted(turn, first=0.3)
    async with turn.begin() as session:
        booking = await requests.request(
            session, turn.clock, guest_id=guest_id, quote_id=quote_id, payment_method=method(turn)
        )
    return (turn.memory.note(booking),)


async def accept(turn: Turn) -> Promised:
    """Give a request its nights."""
    known = await turn.booking(BookingStatus.REQUESTED)
    if known is None:
        return None
    async with turn.begin() as session:
        booking = await requests.accept(session, turn.clock, turn.plan.host, known.booking_id, keep=KEEP)
        saga_id = await pay(session, turn.clock, known.booking_id, payment_method=booking.payment_method or "pm_ok")
    work_soon(turn, known.booking_id)
    return (turn.memory.note(booking), Acknowledged("saga", str(saga_id)))


async def decline(turn: Turn) -> Promised:
    """Turn a request down."""
    known = await turn.booking(BookingStatus.REQUESTED)
    if known is None:
        return None
    async with turn.begin() as session:
        booking = await requests.decline(session, turn.clock, turn.plan.host, known.booking_id, reason="no")
    return (turn.memory.note(booking),)


async def cancel(turn: Turn) -> Promised:
    """Give a booking up, as its guest, its host or the platform."""
    known = await turn.booking(BookingStatus.CONFIRMED, BookingStatus.HELD)
    if known is None:
        return None
    actor = turn.draws.choices((turn.guest_of(known), turn.plan.host, turn.plan.admin), (6, 3, 1))[0]
    async with turn.begin() as session:
        booking = await cancellations.cancel(session, turn.clock, actor, known.booking_id)
    work_soon(turn, known.booking_id)
    return (turn.memory.note(booking),)


async def end_early(turn: Turn) -> Promised:
    """Say that a guest did not come, or leaves before the last night."""
    known = await turn.booking(BookingStatus.CONFIRMED)
    if known is None:
        return None
    async with turn.begin() as session:
        if turn.draws.random() < 0.4:
            booking = await cancellations.mark_no_show(session, turn.clock, turn.plan.host, known.booking_id)
        else:
            actor = turn.draws.choice((turn.guest_of(known), turn.plan.host))
            booking = await cancellations.leave_early(session, turn.clock, actor, known.booking_id)
    work_soon(turn, known.booking_id)
    return (turn.memory.note(booking),)


async def sweep(turn: Turn) -> Promised:
    """Expire holds and requests, complete stays that are over."""
    sweeper = turn.draws.choice(SWEEPERS)
    async with turn.begin() as session:
        await sweeper(session, turn.clock, limit=4)
    return ()


async def sweep_all(turn: Turn) -> None:
    """Let everything happen that is due."""
    for sweeper in SWEEPERS:
        async with turn.begin() as session:
            await sweeper(session, turn.clock, limit=10)


async def _quoted(turn: Turn, *, first: float) -> tuple[UUID, UUID]:
    """A quote to book: mostly a new one, sometimes an old one, and rarely one for another guest."""
    if not turn.memory.quotes or turn.draws.random() < 0.8:
        await quote(turn, first=first)
        return turn.memory.quotes[-1]
    quote_id, guest_id = turn.draws.choice(turn.memory.quotes)
    return quote_id, guest_id if turn.draws.random() < 0.9 else turn.guest().user_id
