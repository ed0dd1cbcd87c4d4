"""Operations of guests, and of hosts on their bookings."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.lookout.turns import Turn
from lodestay.clock import Clock
from lodestay.stay import Stay
from simulation.processor.signing import sign_receipt
from transactional.bookings import instant, requests, service
from transactional.bookings.instant import Wish
from transactional.bookings.rules import BookingStatus, Side
from transactional.cancellations import service as cancellations
from transactional.journal.rules import Cause
from transactional.modifications import applying
from transactional.modifications import service as modifications
from transactional.modifications.records import ModificationRecord
from transactional.modifications.records import Wish as Change
from transactional.modifications.rules import ModificationStatus
from transactional.modifications.service import Answered
from transactional.quotes.records import QuoteRecord
from transactional.quotes.service import create_quote
from transactional.quotes.signatures import sign
from transactional.users.actors import Actor

KEEP: Final = timedelta(minutes=15)
LOOKS: Final = 6
"""Stays that a guest looks at before booking one."""
VALID: Final = timedelta(minutes=30)
_PAYMENT: Final = Cause(None, Side.SYSTEM, "lookout")


async def quoted(
    sessions: async_sessionmaker[AsyncSession], clock: Clock, guest: Actor, listing_id: int, stay: Stay, *, guests: int
) -> QuoteRecord:
    """Ask for a price, in a transaction of its own."""
    async with sessions.begin() as session:
        return await create_quote(
            session,
            clock,
            guest_id=guest.user_id,
            listing_id=listing_id,
            stay=stay,
            guests=guests,
            pets=0,
            charge_currency=None,
            valid=VALID,
        )


async def take(turn: Turn, quote: QuoteRecord) -> None:
    """Hold a quote's nights, or book them at once with a receipt."""
    async with turn.begin() as session:
        if turn.draws.random() < 0.6:
            booking = await service.hold(
                session, turn.clock, guest_id=quote.guest_id, quote_id=quote.quote_id, keep=KEEP
            )
        else:
            booking = await instant.book(session, turn.clock, turn.keys, wish_for(turn.keys, quote))
    turn.memory.note(booking)


def wish_for(keys: instant.Keys, quote: QuoteRecord) -> Wish:
    """What a guest sends who has had a quote's total authorised."""
    facts = {
        "processor_id": f"auth_{quote.quote_id.hex}",
        "amount_minor": quote.charge_total_minor,
        "currency": quote.charge_currency,
        "reference": str(quote.quote_id),
        "expires_at": int(quote.expires_at.timestamp()),
    }
    receipt = sign_receipt(keys.receipts, facts)
    return Wish(quote.guest_id, quote.quote_id, sign(quote, keys.quotes), receipt)


async def book(turn: Turn) -> bool:
    """Take some nights of some listing, mostly some that looked free."""
    listing_id, guests = turn.listing_id(), turn.draws.randint(1, 2)
    drawn = [turn.stay(listing_id) for _ in range(LOOKS)]
    seemed = [stay for stay in drawn if isinstance(turn.truth.judge(listing_id, stay, guests, with_hour=True), int)]
    stay = seemed[0] if seemed else drawn[0]
    quote = await quoted(turn.sessions, turn.clock, turn.guest(), listing_id, stay, guests=guests)
    await take(turn, quote)
    return True


async def request(turn: Turn) -> bool:
    """Ask a host for some nights."""
    guest, listing_id = turn.guest(), turn.listing_id()
    quote = await quoted(turn.sessions, turn.clock, guest, listing_id, turn.stay(listing_id), guests=1)
    async with turn.begin() as session:
        booking = await requests.request(
            session, turn.clock, guest_id=guest.user_id, quote_id=quote.quote_id, payment_method="pm_ok"
        )
    turn.memory.note(booking)
    return True


async def answer(turn: Turn) -> bool:
    """Accept a request, or decline it."""
    booking = turn.booking(BookingStatus.REQUESTED)
    if booking is None:
        return False
    host, accepted = turn.plan.host_of(booking.listing_id), turn.draws.random() < 0.7
    async with turn.begin() as session:
        if accepted:
            after = await requests.accept(session, turn.clock, host, booking.booking_id, keep=KEEP)
        else:
            after = await requests.decline(session, turn.clock, host, booking.booking_id, reason="no")
    turn.memory.note(after)
    return True


async def confirm(turn: Turn) -> bool:
    """Have a hold paid for, in time or late."""
    booking = turn.booking(BookingStatus.HELD)
    if booking is None:
        return False
    async with turn.begin() as session:
        after = await service.confirm(session, turn.clock, _PAYMENT, booking.booking_id)
    turn.memory.note(after)
    return True


async def cancel(turn: Turn) -> bool:
    """Give a booking up, as its guest, its host or the platform."""
    booking = turn.booking(BookingStatus.CONFIRMED, BookingStatus.HELD)
    if booking is None:
        return False
    sides = (turn.guest_of(booking), turn.plan.host_of(booking.listing_id), turn.plan.admin)
    async with turn.begin() as session:
        actor = turn.draws.choices(sides, (6, 2, 1))[0]
        after = await cancellations.cancel(session, turn.clock, actor, booking.booking_id)
    turn.memory.note(after)
    return True


async def end_early(turn: Turn) -> bool:
    """Say that a guest did not come, or leaves before the last night."""
    booking = next((each for each in turn.memory.bookings.values() if _is_under_way(turn, each.booking_id)), None)
    if booking is None:
        return False
    async with turn.begin() as session:
        if turn.draws.random() < 0.3:
            host = turn.plan.host_of(booking.listing_id)
            after = await cancellations.mark_no_show(session, turn.clock, host, booking.booking_id)
        else:
            guest = turn.guest_of(booking)
            after = await cancellations.leave_early(session, turn.clock, guest, booking.booking_id)
    turn.memory.note(after)
    return True


def _is_under_way(turn: Turn, booking_id: UUID) -> bool:
    booking = turn.memory.bookings[booking_id]
    today = turn.today(booking.listing_id)
    return booking.status == BookingStatus.CONFIRMED and booking.check_in < today < booking.check_out


async def modify(turn: Turn) -> bool:
    """Propose other nights for a booking."""
    booking = turn.booking(BookingStatus.CONFIRMED)
    if booking is None:
        return False
    by_guest = turn.draws.random() < 0.7
    actor = turn.guest_of(booking) if by_guest else turn.plan.host_of(booking.listing_id)
    stay = turn.stay(booking.listing_id)
    if turn.draws.random() < 0.5:  # some nights more or fewer at its end
        stay = Stay(booking.check_in, booking.check_in + timedelta(days=turn.draws.randint(1, 6)))
    wish = Change(check_in=stay.check_in, check_out=stay.check_out, payment_method="pm_ok")
    async with turn.begin() as session:
        proposed = await modifications.propose(session, turn.clock, actor, booking.booking_id, wish)
        await _apply_if_paid(turn, session, proposed)
    if proposed.status == ModificationStatus.PROPOSED:
        turn.memory.proposals.append((booking.booking_id, proposed.modification_id, by_guest))
    return True


async def answer_proposal(turn: Turn) -> bool:
    """Agree to a proposal, or turn it down."""
    if not turn.memory.proposals:
        return False
    booking_id, modification_id, by_guest = turn.memory.proposals.pop()
    booking = turn.memory.bookings.get(booking_id)
    if booking is None:
        return False
    other = turn.plan.host_of(booking.listing_id) if by_guest else turn.guest_of(booking)
    answered = Answered(booking_id, modification_id)
    async with turn.begin() as session:
        if turn.draws.random() < 0.8:
            done = await modifications.approve(session, turn.clock, other, answered, payment_method="pm_ok")
            await _apply_if_paid(turn, session, done)
        else:
            await modifications.decline(session, turn.clock, other, answered)
    return True


async def _apply_if_paid(turn: Turn, session: AsyncSession, modification: ModificationRecord) -> None:
    """Do what a saga does once what is due on top has been paid."""
    if modification.status == ModificationStatus.PAYING:
        await applying.apply(session, turn.clock, _PAYMENT, modification.modification_id)
