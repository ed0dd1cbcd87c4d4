"""Operations on money: payments, the work of sagas, messages of the processor, payouts."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import text

from bench.proof.log import Acknowledged
from bench.proof.processor import SECRET
from bench.proof.turns import Operation, Promised, Turn
from transactional.bookings.rules import BookingStatus
from transactional.payments.gateway import PaymentGateway
from transactional.sagas.checkout import pay as begin_to_pay
from transactional.sagas.checkout import start_due_payouts
from transactional.sagas.registry import ACTIONS
from transactional.sagas.runner import Runner
from transactional.sagas.service import claim_due, retry
from transactional.webhooks import service as webhooks
from transactional.webhooks.rules import sign

METHODS: Final = {
    "pm_ok": 10,
    "pm_declined": 1,
    "pm_insufficient_funds": 1,
    "pm_3ds": 3,
    "pm_late_success": 2,
    "pm_timeout_after_success": 2,
    "pm_capture_timeout": 2,
    "pm_slow": 1,
    "pm_capture_declined": 1,
}
"""How often guests pay with what. None whose refunds are refused for ever: that is a person's to settle."""
OF_ANYBODY: Final = 0.02
"""How often a worker takes whatever is due anywhere: another history's clock may be days behind its own."""
AT_ONCE: Final = 0.7
_CHALLENGED = text("""
    SELECT processor_id FROM payments JOIN bookings USING (booking_id)
    WHERE payments.status = 'action_required' AND listing_id = ANY(:listing_ids) ORDER BY payment_id
""")
_STUCK = text("""
    SELECT saga_id FROM sagas JOIN bookings USING (booking_id)
    WHERE sagas.status = 'stuck' AND listing_id = ANY(:listing_ids) ORDER BY saga_id
""")


async def pay(turn: Turn) -> Promised:
    """Begin to pay for a hold, in time or late."""
    known = await turn.booking(BookingStatus.HELD, BookingStatus.EXPIRED)
    if known is None:
        return None
    async with turn.begin() as session:
        saga_id = await begin_to_pay(session, turn.clock, known.booking_id, payment_method=method(turn))
    work_soon(turn, known.booking_id)
    return (Acknowledged("saga", str(saga_id)),)


def work_soon(turn: Turn, booking_id: UUID) -> None:
    """Have a worker see to a booking: mostly at once, otherwise whenever one comes by."""
    turn.memory.at_work.add(booking_id)
    if turn.draws.random() < AT_ONCE:
        turn.followed_by.append(work_on(booking_id))


def work_on(booking_id: UUID | None) -> Operation:
    """Do what a saga worker does for a booking, or for anybody: take what is due, move it as far as it goes."""

    async def worked(turn: Turn) -> Promised:
        await advance(turn, booking_id, turn.processor.gateway(turn.draws))
        return ()

    return Operation("work", 0, worked)


async def work(turn: Turn) -> Promised:
    """Do what a saga worker does, wherever there is something."""
    if turn.draws.random() < OF_ANYBODY:
        return await work_on(None).work(turn)
    if not turn.memory.at_work:
        return None
    return await work_on(turn.draws.choice(sorted(turn.memory.at_work))).work(turn)


async def advance(turn: Turn, booking_id: UUID | None, gateway: PaymentGateway) -> int:
    """Move the sagas of a booking that are due, or some of anybody's; say how many those were."""
    async with turn.begin() as session:
        due = await claim_due(session, turn.clock, limit=2, booking_id=booking_id)
    runner = Runner(turn.sessions, gateway, turn.clock, ACTIONS, turn.draws.random)
    finished = [(await runner.advance(saga)).is_finished for saga in due]
    if booking_id is not None and all(finished):
        turn.memory.at_work.discard(booking_id)
    return len(due)


async def webhook(turn: Turn) -> Promised:
    """Take a message that the processor has sent: again, out of order or late, as it comes."""
    turn.processor.settle_due()
    due = turn.processor.due(turn.clock, limit=8)
    if not due:
        return None
    delivery = turn.draws.choice(due)
    await take(turn, delivery.body)
    turn.processor.delivered(delivery)
    return ()


async def take_all(turn: Turn) -> None:
    """Take every message that was sent by now."""
    turn.processor.settle_due()
    while due := turn.processor.due(turn.clock, limit=16):
        turn.draws.shuffle(due)
        for delivery in due:
            await take(turn, delivery.body)
            turn.processor.delivered(delivery)


async def take(turn: Turn, body: bytes) -> None:
    """Take a message as the edge does: kept first, understood after."""
    signature = sign(body, key=SECRET, at=int(turn.clock.now().timestamp()))
    async with turn.begin() as session:
        message = await webhooks.receive(session, turn.clock, body, signature, key=SECRET)
        await webhooks.apply(session, turn.clock, message.message_id)


async def take_waiting(turn: Turn) -> Promised:
    """Take up the messages that came before what they speak of."""
    async with turn.begin() as session:
        await webhooks.apply_waiting(session, turn.clock, limit=5)
    return ()


async def challenge(turn: Turn) -> Promised:
    """Pass or fail 3-D Secure, as the cardholder."""
    waiting = await _challenged(turn)
    if not waiting:
        return None
    await _decide(turn, turn.draws.choice(waiting))
    return ()


async def decide_all(turn: Turn) -> None:
    """Leave no cardholder undecided."""
    for processor_id in await _challenged(turn):
        await _decide(turn, processor_id)


async def _challenged(turn: Turn) -> list[str]:
    async with turn.sessions() as session:
        return list(await session.scalars(_CHALLENGED, {"listing_ids": list(turn.plan.listing_ids)}))


async def _decide(turn: Turn, processor_id: str) -> None:
    await turn.processor.decide(processor_id, approve=turn.draws.random() < 0.8)


async def payouts(turn: Turn) -> Promised:
    """Begin what is due to hosts."""
    async with turn.begin() as session:
        await start_due_payouts(session, turn.clock, limit=2)
    return ()


async def mend(turn: Turn) -> Promised:
    """Have stuck sagas tried again, as the operator."""
    async with turn.begin() as session:
        stuck = list(await session.scalars(_STUCK, {"listing_ids": list(turn.plan.listing_ids)}))
        for saga_id in stuck:
            await retry(session, turn.clock, saga_id)
    return () if stuck else None


def method(turn: Turn) -> str:
    """What a guest pays with."""
    return turn.draws.choices(list(METHODS), list(METHODS.values()))[0]
