"""Operations that change a booking: one side proposes, the other answers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from bench.proof.log import Acknowledged
from bench.proof.money import method, work_soon
from bench.proof.turns import Promised, Turn
from transactional.bookings.rules import BookingStatus
from transactional.modifications import service
from transactional.modifications.records import ModificationRecord, Wish
from transactional.modifications.service import Answered

_OPEN: Final = text("""
    SELECT modification_id, booking_id, proposed_by, guest_id
    FROM modifications JOIN bookings USING (booking_id)
    WHERE modifications.status = 'proposed' AND listing_id = ANY(:listing_ids) ORDER BY modification_id
""")


async def propose(turn: Turn) -> Promised:
    """Propose other nights, another party or another price."""
    known = await turn.booking(BookingStatus.CONFIRMED)
    if known is None:
        return None
    actor = turn.draws.choices((turn.guest_of(known), turn.plan.host, turn.plan.admin), (6, 3, 1))[0]
    async with turn.begin() as session:
        proposed = await service.propose(
            session, turn.clock, actor, known.booking_id, _wish(turn, actor == turn.plan.host)
        )
    return _promised(turn, proposed)


async def answer(turn: Turn) -> Promised:
    """Agree to a proposal, turn it down or take it back."""
    async with turn.sessions() as session:
        rows = (await session.execute(_OPEN, {"listing_ids": list(turn.plan.listing_ids)})).all()
    if not rows:
        return None
    row = turn.draws.choice(rows)
    guest = next(each for each in turn.plan.guests if each.user_id == row.guest_id)
    proposer, other = (guest, turn.plan.host) if row.proposed_by == "guest" else (turn.plan.host, guest)
    answered = Answered(row.booking_id, row.modification_id)
    draw = turn.draws.random()
    async with turn.begin() as session:
        if draw < 0.7:
            with_method = method(turn) if turn.draws.random() < 0.3 else None
            done = await service.approve(session, turn.clock, other, answered, payment_method=with_method)
        elif draw < 0.85:
            done = await service.decline(session, turn.clock, other, answered)
        else:
            done = await service.withdraw(session, turn.clock, proposer, answered)
    return _promised(turn, done)


def _wish(turn: Turn, is_host: bool) -> Wish:  # noqa: FBT001 (one caller)
    draw = turn.draws.random()
    if is_host and draw < 0.5:
        return Wish(nights_price_minor=turn.draws.randrange(5_000, 60_000))
    if draw < 0.85:
        stay = turn.stay()
        return Wish(check_in=stay.check_in, check_out=stay.check_out, payment_method=method(turn))
    return Wish(guests=turn.draws.randint(1, 4), payment_method=method(turn))


def _promised(turn: Turn, modification: ModificationRecord) -> Promised:
    work_soon(turn, modification.booking_id)
    return (Acknowledged("modification", str(modification.modification_id)),)
