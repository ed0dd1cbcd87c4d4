"""The inbox: messages are kept first and understood after, each once, in whatever order they come.

A message about something that is not known here (yet) is parked, never dropped: it may have overtaken
what makes it known, and :func:`apply_waiting` takes it up then.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from transactional.payments import payouts
from transactional.payments import repository as payments
from transactional.payments.rules import PaymentNews, PayoutNews, PayoutStatus, RefundNews, RefundStatus
from transactional.sagas import service as sagas
from transactional.webhooks import repository
from transactional.webhooks.repository import MessageStatus
from transactional.webhooks.rules import Message, Told, read_message, told_by, verify_signature


@dataclass(frozen=True, slots=True)
class News:
    """What a message is about, and whether anything had not been known."""

    booking_id: UUID
    is_new: bool


Found = News | tuple[MessageStatus, str]
"""What a message tells, or why it tells nothing."""
_UNKNOWN = (MessageStatus.PARKED, "its object is not known")
_ANOTHER = (MessageStatus.IGNORED, "its key is of another operation")


async def receive(session: AsyncSession, clock: Clock, body: bytes, signature: str, *, key: str) -> Message:
    """Keep a message, unless it is kept already.

    Raises
    ------
    InvalidWebhookSignature
        It is not the processor's, or too old.
    UnreadableWebhook
        It is the processor's and cannot be read.
    """
    now = clock.now()
    verify_signature(signature, body, key=key, now=now)
    message = read_message(body)
    await repository.add(session, message, now=now)
    return message


async def apply(session: AsyncSession, clock: Clock, message_id: str) -> MessageStatus:
    """Let a kept message have its effect, once, and say what became of it."""
    message = await repository.claim(session, message_id)
    if message is None:  # by another call, which may have come with the same message
        return await repository.status_of(session, message_id)
    return await _apply(session, clock, message)


async def apply_waiting(session: AsyncSession, clock: Clock, *, limit: int) -> int:
    """Apply what could not be applied when it came; say how many messages that were."""
    waiting = await repository.claim_waiting(session, now=clock.now(), limit=limit)
    for message in waiting:
        await _apply(session, clock, message)
    return len(waiting)


async def _apply(session: AsyncSession, clock: Clock, message: Message) -> MessageStatus:
    told = told_by(message)
    if told is None:
        await repository.close(session, message.message_id, MessageStatus.IGNORED, note="of no known form")
        return MessageStatus.IGNORED
    found = await _take_in(session, clock, told)
    if isinstance(found, News):
        if found.is_new:
            await _wake(session, clock, found.booking_id)
        status, note = MessageStatus.APPLIED, None
    else:
        status, note = found
    await repository.close(session, message.message_id, status, note=note)
    return status


async def _take_in(session: AsyncSession, clock: Clock, told: Told) -> Found:
    match told.news:
        case PaymentNews():
            return await _payment(session, clock, told, told.news)
        case RefundNews():
            return await _refund(session, clock, told, told.news)
        case PayoutNews():
            return await _payout(session, clock, told, told.news)


async def _payment(session: AsyncSession, clock: Clock, told: Told, news: PaymentNews) -> Found:
    payment = await payments.find_by_processor(session, str(news.processor_id))
    if payment is None and told.number is not None:
        payment = await payments.find(session, told.number)
    if payment is None:
        return _UNKNOWN
    # Keys are chosen by callers: one that names a payment of ours may still be of something else.
    if payment.processor_id not in {None, news.processor_id} or payment.amount != told.amount:
        return _ANOTHER
    moved = await payments.move_payment(session, payment.payment_id, news, now=clock.now())
    return News(payment.booking_id, moved)


async def _refund(session: AsyncSession, clock: Clock, told: Told, news: RefundNews) -> Found:
    refund = None if told.number is None else await payments.find_refund(session, told.number)
    if refund is None:
        return _UNKNOWN
    payment = await payments.get(session, refund.payment_id)
    if payment.processor_id not in {None, news.payment.processor_id} or refund.amount_minor != told.amount.minor:
        return _ANOTHER
    # The message tells of its payment as well, so a refund that overtakes its capture brings it along.
    moved = await payments.move_payment(session, refund.payment_id, news.payment, now=clock.now())
    move = payments.set_refund_done if news.status is RefundStatus.DONE else payments.set_refund_failed
    over = await move(session, refund.refund_id, processor_id=news.processor_id, now=clock.now())
    return News(payment.booking_id, moved or over)


async def _payout(session: AsyncSession, clock: Clock, told: Told, news: PayoutNews) -> Found:
    payout = None if told.number is None else await payouts.find_payout(session, told.number)
    if payout is None:
        return _UNKNOWN
    if payout.amount != told.amount:
        return _ANOTHER
    move = payouts.set_payout_paid if news.status is PayoutStatus.PAID else payouts.set_payout_failed
    over = await move(session, payout.payout_id, processor_id=news.processor_id, now=clock.now())
    return News(payout.booking_id, over)


async def _wake(session: AsyncSession, clock: Clock, booking_id: UUID) -> None:
    """Have the sagas of a booking act on the news now, not when they would next have asked.

    Not on what they know: a refund that the processor refuses is told of as well, and its saga would ask at once again.
    """
    await sagas.wake(session, clock, booking_id)
