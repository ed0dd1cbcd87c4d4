"""What sagas do with a booking's money: give an authorisation up, give captured money back, know the sale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lodestay.ids import new_id
from lodestay.money import Money
from lodestay.pricing import Component
from transactional.bookings.records import BookingRecord
from transactional.ledger import service as ledger
from transactional.ledger.rules import Parts, Sale, captured, parts_of, refund_paid, sale_of
from transactional.payments import repository as payments
from transactional.payments.gateway import Outcome, ProcessorUnavailable, Result
from transactional.payments.records import PaymentRecord, RefundRecord
from transactional.payments.rules import PaymentStatus, RefundStatus
from transactional.sagas import repository
from transactional.sagas.actions import Again, Call, Done, Refused, Turn, Verdict

OPEN = frozenset({PaymentStatus.ACTION_REQUIRED, PaymentStatus.AUTHORISED})
"""States in which something is, or may be, reserved on a payment method."""
NOTHING_RESERVED = frozenset({"authorisation_expired", "already_voided", "not_authorised"})
"""Why a processor refuses a void of what is not reserved: nothing is left to do."""
ALREADY_CAPTURED = "already_captured"


def remaining(lines: Iterable[Mapping[str, Any]], given_back: Iterable[Mapping[str, Any]]) -> dict[Component, int]:
    """What is left of each component of a charge."""
    left = Counter(parts_of(lines))
    left.subtract(parts_of(given_back))
    return {component: minor for component, minor in left.items() if minor > 0}


def overlap(wanted: Parts, available: Parts) -> dict[Component, int]:
    """As much of what is wanted as is there, component by component."""
    both = {component: min(minor, available.get(component, 0)) for component, minor in wanted.items()}
    return {component: minor for component, minor in both.items() if minor > 0}


def as_lines(parts: Parts) -> list[dict[str, Any]]:
    """Parts as they are stored."""
    return [{"component": component.value, "minor": minor} for component, minor in parts.items()]


async def sale_of_booking(turn: Turn, booking: BookingRecord) -> Sale:
    """What a booking was sold for."""
    return sale_of(
        currency=booking.currency,
        lines=booking.lines,
        charge_currency=booking.charge_currency,
        charge_lines=booking.charge_lines,
        host_fee_bps=(await repository.seller_of(turn.session, booking.booking_id)).host_fee_bps,
    )


def lines_given_back(refunds: Sequence[RefundRecord]) -> list[Mapping[str, Any]]:
    """Components of the refunds that were made or are on their way."""
    return [line for refund in refunds if refund.status != RefundStatus.FAILED for line in refund.lines]


async def refunds_of(turn: Turn, payment: PaymentRecord) -> list[RefundRecord]:
    """Refunds of one payment."""
    every = await payments.refunds_for_booking(turn.session, payment.booking_id)
    return [refund for refund in every if refund.payment_id == payment.payment_id]


async def take_capture_in(turn: Turn, payment: PaymentRecord, minor: int) -> None:
    """Write down that a payment was captured, and post it; once, whoever hears of it first."""
    assert payment.processor_id is not None  # noqa: S101 (only what was authorised is captured)
    await payments.set_captured(
        turn.session, payment.payment_id, processor_id=payment.processor_id, captured_minor=minor, now=turn.now
    )
    posting = captured(
        turn.booking_id, payment_id=payment.payment_id, currency=payment.currency, minor=minor, at=turn.now
    )
    await ledger.post(turn.session, posting)


def release(payment: PaymentRecord) -> Call:
    """Give an authorisation up."""
    processor_id = payment.processor_id
    assert processor_id is not None  # noqa: S101 (it is open, so the processor has named it)
    key = payment.key("void")
    return Call(payment.payment_id, lambda gateway: gateway.void(key, processor_id=processor_id))


async def conclude_release(turn: Turn, call: Call, outcome: Outcome) -> Verdict:
    """Write down that an authorisation is gone, or that it was captured instead."""
    payment = await payments.get(turn.session, call.subject)
    if outcome.result is Result.DECLINED and outcome.code == ALREADY_CAPTURED:
        await take_capture_in(turn, payment, payment.amount_minor)
        return Again()
    if outcome.result is Result.DECLINED and outcome.code not in NOTHING_RESERVED:
        raise ProcessorUnavailable(f"The processor does not release {payment.payment_id} yet: {outcome.code}.")
    await payments.set_voided(
        turn.session, payment.payment_id, processor_id=outcome.processor_id, failure=outcome.code, now=turn.now
    )
    return Again()


async def give_back(turn: Turn, payment: PaymentRecord, wanted: Parts, *, reason: str) -> Call | None:
    """Refund what is wanted of a payment, as far as it was captured and not given back; None where that is nothing.

    A refund that was begun is asked for again under its own key before another is made.
    """
    made = await refunds_of(turn, payment)
    for each in made:
        if each.status == RefundStatus.DONE:  # perhaps by a message of the processor's, which posts nothing
            await _post_refund(turn, each, payment.currency)
    refund = next((each for each in made if each.status == RefundStatus.NEW), None)
    if refund is None:
        parts = overlap(wanted, remaining(payment.lines, lines_given_back(made)))
        if payment.status != PaymentStatus.CAPTURED or not parts:
            return None
        refund = await payments.create_refund(
            turn.session,
            refund_id=new_id(),
            payment_id=payment.payment_id,
            amount_minor=sum(parts.values()),
            lines=as_lines(parts),
            reason=reason,
            now=turn.now,
        )
    return _refund_call(refund, payment)


def _refund_call(refund: RefundRecord, payment: PaymentRecord) -> Call:
    processor_id, key = payment.processor_id, refund.key
    assert processor_id is not None  # noqa: S101 (it was captured)
    amount = Money(refund.amount_minor, payment.currency)
    return Call(refund.refund_id, lambda gateway: gateway.refund(key, processor_id=processor_id, amount=amount))


async def conclude_refund(turn: Turn, call: Call, outcome: Outcome) -> Verdict:
    """Write down that the guest has money back; a refusal leaves the next attempt another refund and key."""
    refund = await payments.get_refund(turn.session, call.subject)
    if outcome.result is not Result.SUCCEEDED:
        await payments.set_refund_failed(
            turn.session, refund.refund_id, processor_id=outcome.processor_id, now=turn.now
        )
        return Refused(outcome.code or "refund_declined")
    await payments.set_refund_done(turn.session, refund.refund_id, processor_id=outcome.processor_id, now=turn.now)
    payment = await payments.get(turn.session, refund.payment_id)
    await _post_refund(turn, refund, payment.currency)
    return Again()


async def _post_refund(turn: Turn, refund: RefundRecord, currency: str) -> None:
    posting = refund_paid(
        turn.booking_id, refund_id=refund.refund_id, currency=currency, minor=refund.amount_minor, at=turn.now
    )
    await ledger.post(turn.session, posting)


class GiveBack:
    """Undo of an authorisation and of a capture: release what is reserved, refund what was taken.

    An authorisation nobody knows the outcome of is asked for again first: released can only be what is known.
    """

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Say what is to be given back next."""
        number = turn.number("payment_id")
        if number is None:
            return Done()
        payment = await payments.get(turn.session, number)
        if payment.status == PaymentStatus.NEW:
            if await repository.was_sent(turn.session, turn.saga.saga_id, "authorise"):
                return authorisation(payment)
            await payments.set_failed(
                turn.session, payment.payment_id, processor_id=None, failure="never_sent", now=turn.now
            )
            return Done()
        if payment.status in OPEN:
            return release(payment)
        if payment.status == PaymentStatus.CAPTURED:
            await take_capture_in(turn, payment, payment.captured_minor)
        call = await give_back(turn, payment, parts_of(payment.lines), reason=f"saga:{turn.saga.saga_id}")
        return call or Done()

    async def conclude(self, turn: Turn, call: Call, outcome: Outcome) -> Verdict:
        """Write down what was given back, and look whether there is more."""
        payment = await payments.find(turn.session, call.subject)
        if payment is None:
            return await conclude_refund(turn, call, outcome)
        if call.authorises:
            await take_authorisation_in(turn, payment, outcome)
            return Again()
        return await conclude_release(turn, call, outcome)


def authorisation(payment: PaymentRecord) -> Call:
    """Reserve the amount, or learn what came of it."""
    key, method, amount, reference = (
        payment.key("authorise"),
        payment.payment_method,
        payment.amount,
        str(payment.booking_id),
    )
    return Call(
        payment.payment_id,
        lambda gateway: gateway.authorise(key, payment_method=method, amount=amount, reference=reference),
        authorises=True,
    )


async def take_authorisation_in(turn: Turn, payment: PaymentRecord, outcome: Outcome) -> None:
    """Write down what the processor says of an authorisation."""
    # What the processor will not even consider it gives no number.
    facts: dict[str, Any] = {"processor_id": outcome.processor_id or None, "now": turn.now}
    if outcome.result is Result.SUCCEEDED:
        await payments.set_authorised(turn.session, payment.payment_id, **facts)
    elif outcome.result is Result.ACTION_REQUIRED:
        await payments.set_action_required(turn.session, payment.payment_id, action_url=outcome.action_url, **facts)
    else:
        await payments.set_failed(turn.session, payment.payment_id, failure=outcome.code, **facts)
