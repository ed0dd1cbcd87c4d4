"""Who has what to get once a booking has ended early: posted, and left to a saga to be paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.money import Money
from lodestay.vocabulary.cancellation import CancellationPolicy
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Side
from transactional.cancellations.records import Circumstances, Outcome
from transactional.cancellations.rules import Ending, Facts, Refund, agreed_minor, penalty, refund
from transactional.ledger import rules as ledger_rules
from transactional.ledger import service as ledger
from transactional.ledger.rules import Parts, Sale, parts_of, reduced, sale_of
from transactional.sagas import service as sagas
from transactional.sagas.rules import SagaKind

SETTLE_WITHIN = timedelta(hours=1)
"""Time after which a refund that has not gone through is called stuck."""


def facts_of(booking: BookingRecord, around: Circumstances) -> Facts:
    """What decides how much of a booking goes back: the charge as its quote has it, never a rate of the day."""
    return Facts(
        booked_at=booking.confirmed_at or booking.created_at,
        starts_at=booking.starts_at,
        nights=booking.stay.nights,
        policy=CancellationPolicy(booking.cancellation_policy),
        local_grace=timedelta(hours=around.grace_hours),
        currency=booking.charge_currency,
        paid=parts_of(booking.charge_lines),
    )


def given_back(booking: BookingRecord) -> Parts:
    """What went back of a booking before."""
    return {} if booking.refund is None else parts_of(booking.refund["lines"])


def outcome_of(booking: BookingRecord, around: Circumstances, *, ending: Ending, side: Side, at: datetime) -> Outcome:
    """What ending a confirmed booking comes to for its guest and its host."""
    already = given_back(booking)
    nights_spent = _nights_spent(booking, at.astimezone(ZoneInfo(around.timezone)).date())
    back = refund(
        facts_of(booking, around), ending=ending, side=side, at=at, nights_spent=nights_spent, already=already
    )
    sale = _sale(booking, around)
    owed = None
    if ending is Ending.CANCELLED and side is Side.HOST:
        nights = booking.stay.nights
        agreed = agreed_minor(
            sale.host_minor,
            nights=nights,
            quoted_minor=replace(sale, parts=parts_of(around.quoted_lines)).host_minor,
            quoted_nights=around.quoted_nights,
        )
        minor = penalty(agreed, nights=nights, starts_at=booking.starts_at, at=at)
        owed = Money(minor, booking.currency)
    left = reduced(sale, _together(already, back))
    return Outcome(back, Money(left.payout_minor, booking.currency), owed)


def _nights_spent(booking: BookingRecord, today: date) -> int:
    """Nights of a stay that are over: none before it, all of them after it."""
    return min(max(0, (today - booking.check_in).days), booking.stay.nights)


async def settle(
    session: AsyncSession,
    clock: Clock,
    *,
    before: BookingRecord,
    around: Circumstances,
    outcome: Outcome,
    ending: Ending,
) -> None:
    """Post what an ended booking's sides owe each other, and start the saga that pays the guest.

    Parameters
    ----------
    before
        The booking as it was until now.
    """
    booking_id, now = before.booking_id, clock.now()
    if around.is_posted:
        owed = ledger_rules.refund_owed(
            booking_id,
            _sale(before, around),
            already=given_back(before),
            refund=outcome.refund.parts,
            paid_out_minor=around.paid_out_minor,
            key=ending.value,
            at=now,
        )
        await ledger.post(session, owed)
    if outcome.penalty is not None:
        owes = outcome.penalty
        await ledger.post(session, ledger_rules.penalty(booking_id, currency=owes.currency, minor=owes.minor, at=now))
    if around.has_payment and outcome.refund.total_minor:
        await sagas.start(
            session,
            clock,
            kind=SagaKind.SETTLEMENT,
            booking_id=booking_id,
            data={"reason": ending.value},
            deadline=SETTLE_WITHIN,
        )


async def wake_payment(session: AsyncSession, clock: Clock, booking: BookingRecord) -> None:
    """Have the payment of a hold that was given up look at once: it releases what it has reserved."""
    await sagas.wake(session, clock, booking.booking_id)


def _sale(booking: BookingRecord, around: Circumstances) -> Sale:
    return sale_of(
        currency=booking.currency,
        lines=booking.lines,
        charge_currency=booking.charge_currency,
        charge_lines=booking.charge_lines,
        host_fee_bps=around.host_fee_bps,
    )


def _together(already: Parts, back: Refund) -> Parts:
    return {component: minor + already.get(component, 0) for component, minor in back.parts.items()}
