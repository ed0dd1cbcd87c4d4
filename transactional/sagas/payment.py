"""The steps of a payment: authorise, confirm the booking, capture; and what undoes a confirmation.

A guest whose method is declined keeps the hold and may try another; a cardholder who has to confirm first
is waited for. A hold that expired meanwhile is confirmed while its nights are free. When the processor
will not capture, the platform cancels what it had confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from lodestay.ids import new_id
from lodestay.money import Money
from transactional.bookings import changes
from transactional.bookings import repository as bookings
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import BookingStatus, Change, Side
from transactional.bookings.service import confirm
from transactional.ledger import service as ledger
from transactional.ledger.rules import booked, booking_reversed, parts_of, reduced
from transactional.listings.repository import lock_listing
from transactional.modifications import repository as modifications
from transactional.payments import payouts
from transactional.payments import repository as payments
from transactional.payments.gateway import Outcome, Result
from transactional.payments.rules import PaymentStatus
from transactional.sagas import repository
from transactional.sagas.actions import Call, Done, Local, Refused, Turn, Verdict, Wait
from transactional.sagas.authorised import CONFIRMED
from transactional.sagas.money import authorisation, sale_of_booking, take_authorisation_in, take_capture_in

AWAITING_PAYMENT: Final = frozenset({BookingStatus.HELD, BookingStatus.EXPIRED})
PAYOUT_AFTER: Final = timedelta(hours=24)
"""How long after a stay's start its host is paid: the guest has seen the place by then."""
NOT_CAPTURED: Final = "payment_not_captured"
"""Why the platform cancels a booking whose payment it could not take."""


@dataclass(frozen=True)
class Authorise:
    """Reserve the amount on the guest's payment method.

    Attributes
    ----------
    wanting
        States of a booking that wants to be paid.
    """

    wanting: frozenset[BookingStatus] = AWAITING_PAYMENT

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Ask for it while the booking still wants to be paid."""
        number = turn.number("payment_id")
        if number is None:  # nothing is owed
            return Done()
        payment = await payments.get(turn.session, number)
        if payment.status in {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED}:  # a message was faster
            return Done()
        if payment.status in {PaymentStatus.FAILED, PaymentStatus.VOIDED}:
            return Refused(payment.failure or payment.status)
        booking = await bookings.get(turn.session, turn.booking_id)
        if booking.status not in self.wanting:
            return Refused(f"the booking is {booking.status}")
        return authorisation(payment)

    async def conclude(self, turn: Turn, call: Call, outcome: Outcome) -> Verdict:
        """Take the processor's word in."""
        await take_authorisation_in(turn, await payments.get(turn.session, call.subject), outcome)
        if outcome.result is Result.SUCCEEDED:
            return Done()
        if outcome.result is Result.ACTION_REQUIRED:
            return Wait("the cardholder must confirm")
        return Refused(outcome.code or "declined")


class Confirm(Local):
    """Turn the hold into a booking, and post what everybody has to get of it."""

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Confirm; a booking that was confirmed with its payment is only posted."""
        booking = await bookings.get(turn.session, turn.booking_id)
        if booking.status != BookingStatus.CONFIRMED:
            booking = await confirm(turn.session, turn.clock, turn.cause, turn.booking_id)
        sale = await sale_of_booking(turn, booking)
        await ledger.post(turn.session, booked(turn.booking_id, sale, at=turn.now))
        return Done()


class UndoConfirm(Local):
    """Cancel what was confirmed and could not be paid, and post that nobody owes anything of it."""

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Cancel as the platform; a booking that was cancelled meanwhile, or whose stay is over, stays as it is."""
        if not (CONFIRMED in turn.saga.data or await repository.was_done(turn.session, turn.saga.saga_id, "confirm")):
            return Done()
        listing = await lock_listing(turn.session, await bookings.listing_of(turn.session, turn.booking_id), owner=None)
        booking = await bookings.get(turn.session, turn.booking_id)
        if booking.status == BookingStatus.CONFIRMED:
            ended = {
                "cancelled_at": turn.now,
                "cancelled_by": Side.PLATFORM.value,
                "closed_at": turn.now,
                "closed_because": NOT_CAPTURED,
            }
            booking = await changes.apply(
                turn.session,
                turn.clock,
                listing,
                turn.booking_id,
                Change.CANCEL,
                cause=turn.cause,
                values=ended,
            )
            await bookings.release_nights(turn.session, turn.booking_id)
            await modifications.close_proposals(turn.session, turn.booking_id, now=turn.now)
        left = reduced(await sale_of_booking(turn, booking), parts_of(refund_lines(booking)))
        await ledger.post(turn.session, booking_reversed(turn.booking_id, left, at=turn.now))
        payout = await payouts.payout_of_booking(turn.session, turn.booking_id)
        if payout is not None:
            await payouts.withdraw_payout(turn.session, payout.payout_id, now=turn.now)
        return Done()


@dataclass(frozen=True)
class Capture:
    """Take the reserved amount.

    Attributes
    ----------
    schedules_payout
        Whether the host is to be paid for the first time.
    """

    schedules_payout: bool = True

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Ask for it, unless the booking was cancelled with everything to be given back."""
        number = turn.number("payment_id")
        if number is None:
            return await self._done(turn)
        payment = await payments.get(turn.session, number)
        if payment.status == PaymentStatus.CAPTURED:  # a message was faster
            await take_capture_in(turn, payment, payment.captured_minor)
            return await self._done(turn)
        if payment.status != PaymentStatus.AUTHORISED:
            return Refused(payment.failure or payment.status)
        if owes_nothing(await bookings.get(turn.session, turn.booking_id)):
            return Refused("cancelled before it was captured")
        key, processor_id, amount = payment.key("capture"), payment.processor_id or "", payment.amount
        return Call(payment.payment_id, lambda gateway: gateway.capture(key, processor_id=processor_id, amount=amount))

    async def conclude(self, turn: Turn, call: Call, outcome: Outcome) -> Verdict:
        """Write down and post what was taken."""
        if outcome.result is not Result.SUCCEEDED:
            return Refused(outcome.code or "capture_declined")
        payment = await payments.get(turn.session, call.subject)
        await take_capture_in(turn, payment, payment.amount_minor)
        return await self._done(turn)

    async def _done(self, turn: Turn) -> Verdict:
        if self.schedules_payout:
            await schedule_payout(turn)
        return Done()


def refund_lines(booking: BookingRecord) -> list[dict[str, object]]:
    """Components of what the guest of a cancelled booking gets back, in the currency charged."""
    return [] if booking.refund is None else list(booking.refund["lines"])


def owes_nothing(booking: BookingRecord) -> bool:
    """Whether a cancelled booking's guest gets everything back."""
    if booking.status != BookingStatus.CANCELLED or booking.refund is None:
        return False
    return sum(parts_of(refund_lines(booking)).values()) == booking.charge_total_minor


async def schedule_payout(turn: Turn) -> None:
    """Write down that the host is to be paid, once for a booking; how much is settled when it is due."""
    if await payouts.payout_of_booking(turn.session, turn.booking_id) is not None:
        return
    booking = await bookings.get(turn.session, turn.booking_id)
    earned = (await sale_of_booking(turn, booking)).payout_minor
    if earned <= 0:
        return
    await payouts.create_payout(
        turn.session,
        payout_id=new_id(),
        booking_id=booking.booking_id,
        host_id=(await repository.seller_of(turn.session, booking.booking_id)).host_id,
        amount=Money(earned, booking.currency),
        due_at=booking.starts_at + PAYOUT_AFTER,
        now=turn.now,
    )
