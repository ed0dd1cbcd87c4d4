"""Book a quote at once with the receipt of its payment's authorisation: no hold, no call to the processor.

Two ways lead to the same rows. The quick one reads the quote, reckons everything with the functions of
:mod:`transactional.bookings.composition` and has the database function `book_quote` guard and write it,
in one statement of its own transaction. Whatever that function will not decide (holds that are due,
requests in the way, rules that changed since the quote) goes the usual way: :func:`book`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import Refusal, RefusedStay
from lodestay.clock import Clock
from lodestay.errors import LodestayError
from lodestay.money import Money
from lodestay.stay import Stay
from transactional.bookings import quick, repository
from transactional.bookings.composition import TOPIC, PaidBooking, compose
from transactional.bookings.records import BookingRecord
from transactional.bookings.service import (
    decline_rivals,
    lock_for_quote,
    raise_duplicate,
    require_instant_book,
    write_new,
)
from transactional.calendars.conflicts import overlap_as_conflict
from transactional.calendars.errors import StayUnavailable
from transactional.kit.connections import QuickConnection
from transactional.kit.idempotency import Answer, Call, in_flight, key_reused
from transactional.ledger import service as ledger
from transactional.markets import repository as markets
from transactional.payments import repository as payments
from transactional.payments.receipts import Receipt, verify_receipt
from transactional.payments.rules import Purpose
from transactional.quotes import service as quotes
from transactional.quotes.errors import QuoteAlreadyBooked
from transactional.quotes.records import QuoteRecord
from transactional.quotes.signatures import verify
from transactional.sagas import authorised


@dataclass(frozen=True, slots=True)
class Wish:
    """What a guest sends to book at once."""

    guest_id: UUID
    quote_id: UUID
    signature: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys that quotes, and the processor's receipts, are signed with."""

    quotes: bytes
    receipts: str


@dataclass(frozen=True, slots=True)
class Booked:
    """What a call came to the quick way; `replayed` where an earlier one had done it."""

    answer: Answer
    replayed: bool


async def book(session: AsyncSession, clock: Clock, keys: Keys, wish: Wish) -> BookingRecord:
    """Book a quote whose payment is authorised, in the caller's transaction.

    Raises
    ------
    QuoteNotFound, QuoteAltered, QuoteExpired, QuoteAlreadyBooked
        The quote cannot be booked, or not by this guest.
    InvalidReceipt
        The receipt is not the processor's, or not of this quote's total.
    ApprovalNeeded
        The host wants to be asked by this guest.
    ListingWithdrawn, StayUnavailable, ListingBusy
        The host or somebody else was faster.
    """
    quote = await quotes.verified(
        session, wish.quote_id, guest_id=wish.guest_id, signature=wish.signature, key=keys.quotes
    )
    receipt = receipt_for(quote, wish, keys, now=clock.now())
    with overlap_as_conflict(quote.listing_id, quote.stay):
        listing = await lock_for_quote(session, clock, quote)
        await require_instant_book(session, listing, quote.guest_id)
        market = await markets.get(session, listing.market_key)
        made = compose(quote, listing, receipt, host_fee_bps=market.host_fee_bps, now=clock.now())
        await write_new(session, clock, listing, made.booking, topic=TOPIC)
        await repository.take_nights(session, made.booking, now=made.booking.created_at)
        await write_money(session, made)
        await decline_rivals(session, clock, listing, made.booking)
    return made.booking


async def book_quickly(
    connection: QuickConnection,
    clock: Clock,
    keys: Keys,
    wish: Wish,
    *,
    call: Call,
    answer: Callable[[BookingRecord], Answer],
) -> Booked | None:
    """Book a quote in one statement that commits itself, once for a call; None where :func:`book` has to decide.

    Parameters
    ----------
    connection
        With :data:`transactional.bookings.quick.STATEMENTS`.
    answer
        Says what a call that books is answered.

    Raises
    ------
    IdempotencyKeyReused, IdempotencyKeyInFlight
        As :func:`transactional.kit.idempotency.run_once`.
    QuoteAlreadyBooked, StayUnavailable, ListingBusy
        As :func:`book`.
    """
    now = clock.now()
    offer = await quick.load_offer(connection, call, wish.quote_id, guest_id=wish.guest_id, now=now)
    if offer is None or not offer.is_simple:
        return None
    quote = offer.quote
    try:
        verify(quote, wish.signature, keys.quotes)
        receipt = receipt_for(quote, wish, keys, now=now)
    except LodestayError:
        return None  # a call that was answered before still gets that answer: the usual way looks first
    if offer.taken:
        raise _taken(quote, offer.taken)  # a crowd that is too late queues for no lock
    made = compose(quote, offer.listing, receipt, host_fee_bps=offer.host_fee_bps, now=now)
    said = answer(made.booking)
    with overlap_as_conflict(quote.listing_id, quote.stay):
        try:
            until = min(quote.expires_at, receipt.expires_at)
            outcome, detail = await quick.book_quote(connection, call, said, offer, made, until=until)
        except UniqueViolation as error:
            raise_duplicate(error, made.booking)
    return _result(outcome, detail, quote, said)


def _result(outcome: str, detail: Any, quote: QuoteRecord, said: Answer) -> Booked | None:
    match outcome:
        case "booked":
            return Booked(said, replayed=False)
        case "replayed":
            return Booked(Answer(detail["status"], detail["body"]), replayed=True)
        case "key_reused":
            raise key_reused()
        case "key_in_flight":
            raise in_flight()
        case "quote_booked":
            raise QuoteAlreadyBooked(quote.quote_id)
        case "nights_taken":
            raise _taken(quote, detail)
        case _:
            return None


def _taken(quote: QuoteRecord, spans: list[list[str]]) -> StayUnavailable:
    """Tell a guest which of a quote's nights somebody else has."""
    stays = [Stay(date.fromisoformat(first), date.fromisoformat(end)) for first, end in spans]
    nights = tuple(sorted(night for stay in stays for night in stay))
    refused = RefusedStay(Refusal.NIGHTS_TAKEN, nights, None)
    return StayUnavailable.because(refused, listing_id=quote.listing_id, stay=quote.stay)


def receipt_for(quote: QuoteRecord, wish: Wish, keys: Keys, *, now: datetime) -> Receipt:
    """The receipt of a quote's whole charge."""
    amount = Money(quote.charge_total_minor, quote.charge_currency)
    return verify_receipt(wish.receipt, key=keys.receipts, now=now, amount=amount, reference=str(quote.quote_id))


async def write_money(session: AsyncSession, made: PaidBooking) -> None:
    """Post the booking, and have its payment captured later."""
    payment = made.payment
    await ledger.post(session, made.posting)
    await payments.create_payment(
        session,
        payment_id=payment.payment_id,
        booking_id=payment.booking_id,
        purpose=Purpose(payment.purpose),
        payment_method=payment.payment_method,
        amount=payment.amount,
        lines=payment.lines,
        now=payment.created_at,
        authorised_as=payment.processor_id,
    )
    await authorised.add(session, made.saga)
