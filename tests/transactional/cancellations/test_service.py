"""Bookings that end early, on a real database: state, nights, events, ledger and sagas agree."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.ids import new_id
from lodestay.money import Money
from tests.transactional.factories import (
    PAID,
    TODAY,
    actor_of,
    create_hold,
    create_host,
    create_listing,
    create_quote,
    create_user,
    stay_of,
)
from tests.transactional.ledger.bookings import LINES, create_booking
from transactional.bookings import repository as bookings
from transactional.bookings import service as booking
from transactional.bookings.errors import BookingNotFound, BookingStateConflict, ChangeNotYours, StayIsOver
from transactional.bookings.models import Booking
from transactional.bookings.records import BookingRecord
from transactional.calendars import service as calendars
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.rules import Window
from transactional.cancellations import service
from transactional.cancellations.errors import NoNightLeft, StayHasNotBegun
from transactional.cancellations.rules import Reason
from transactional.journal.service import audit
from transactional.ledger import rules as ledger_rules
from transactional.ledger import service as ledger
from transactional.ledger.records import Account
from transactional.markets.models import ExchangeRate
from transactional.modifications import service as modifications
from transactional.modifications.records import Wish
from transactional.payments.models import Payment
from transactional.users.actors import Actor, Role


async def paid(session: AsyncSession, clock: FixedClock, made: BookingRecord | Booking, *, captured: bool) -> None:
    """Post a booking as its payment would, and write the payment down."""
    sale = ledger_rules.sale_of(
        currency=made.currency,
        lines=made.lines,
        charge_currency=made.charge_currency,
        charge_lines=made.charge_lines,
        host_fee_bps=300,
    )
    await ledger.post(session, ledger_rules.booked(made.booking_id, sale, at=clock.now()))
    payment = Payment(
        payment_id=new_id(),
        booking_id=made.booking_id,
        purpose="booking",
        payment_method="pm_card",
        currency=made.charge_currency,
        amount_minor=made.charge_total_minor,
        lines=made.charge_lines,
        captured_minor=made.charge_total_minor if captured else 0,
        status="captured" if captured else "authorised",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    session.add(payment)
    await session.flush()
    if captured:
        posting = ledger_rules.captured(
            made.booking_id,
            payment_id=payment.payment_id,
            currency=made.charge_currency,
            minor=made.charge_total_minor,
            at=clock.now(),
        )
        await ledger.post(session, posting)


async def create_confirmed(
    session: AsyncSession,
    clock: FixedClock,
    *,
    days_ahead: int = 10,
    nights: int = 3,
    captured: bool = True,
    policy: str = "moderate",
) -> tuple[BookingRecord, Actor, Actor]:
    """A confirmed and paid booking, its guest and its host."""
    host, guest = await create_host(session), await create_user(session)
    listing = await create_listing(session, host=host, cancellation_policy=policy)
    held = await create_hold(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(days_ahead, nights)
    )
    confirmed = await booking.confirm(session, clock, PAID, held.booking_id)
    await paid(session, clock, confirmed, captured=captured)
    await session.commit()
    return confirmed, actor_of(guest), actor_of(host)


async def balance(session: AsyncSession, made: BookingRecord | Booking, account: Account, currency: str = "EUR") -> int:
    """Of one account of a booking."""
    return await ledger.balance(session, made.booking_id, account, currency)


async def rows(session: AsyncSession, query: str) -> list[Any]:
    """What a query of one column finds."""
    return list(await session.scalars(text(query)))


async def test_guest_cancels_by_the_policy(session: AsyncSession, clock: FixedClock) -> None:
    """Four days before a moderate stay: half the nights but one; the rest is the host's, the nights are free."""
    made, guest, _ = await create_confirmed(session, clock)
    clock.advance(timedelta(days=6))
    cancelled = await service.cancel(session, clock, guest, made.booking_id, reason=Reason.EMERGENCY)
    assert (cancelled.status, cancelled.cancelled_by, cancelled.closed_because) == ("cancelled", "guest", "emergency")
    assert cancelled.refund is not None
    back = {line["component"]: line["minor"] for line in cancelled.refund["lines"]}
    nights = next(line["minor"] for line in made.charge_lines if line["component"] == "nights")
    assert back["nights"] == round(nights / 3)
    assert (back["cleaning"], back["service_fee"]) == (3_000, 0)
    assert cancelled.refund["total_minor"] == sum(back.values())
    assert await balance(session, made, Account.GUEST_RECEIVABLE) == -cancelled.refund["total_minor"]
    assert await balance(session, made, Account.HOST_PAYABLE) == -cancelled.refund["payout"]["minor"]
    assert await rows(session, "SELECT kind FROM sagas") == ["settlement"]
    assert await rows(session, "SELECT 1 FROM occupancy WHERE is_live") == []
    assert (await rows(session, "SELECT payload FROM outbox ORDER BY entry_id"))[-1]["because"] == "emergency"
    assert (await audit(session)).broken == ()


async def test_preview_tells_what_cancelling_does(session: AsyncSession, clock: FixedClock) -> None:
    """What is shown is what happens at the same instant; looking changes nothing."""
    made, guest, _ = await create_confirmed(session, clock)
    clock.advance(timedelta(days=2))
    shown = await service.preview(session, clock, guest, made.booking_id)
    assert shown.outcome is not None
    assert await bookings.get(session, made.booking_id) == made
    assert [step.until for step in shown.deadlines] == [made.starts_at - timedelta(hours=120), made.starts_at]
    cancelled = await service.cancel(session, clock, guest, made.booking_id)
    assert cancelled.refund == shown.outcome.as_json()
    with pytest.raises(BookingStateConflict):
        await service.preview(session, clock, guest, made.booking_id)


async def test_hold_is_given_up_without_money(session: AsyncSession, clock: FixedClock) -> None:
    """Nothing was charged: nothing goes back, nothing is posted; its payment's saga is woken to release."""
    guest, listing = await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    assert (await service.preview(session, clock, actor_of(guest), held.booking_id)).outcome is None
    await session.execute(
        text("""
            INSERT INTO sagas (saga_id, kind, booking_id, status, step, data, attempts, created_at, updated_at,
                               next_attempt_at, deadline_at)
            VALUES (gen_random_uuid(), 'payment', :booking_id, 'running', 'authorise', '{}', 1, :now, :now,
                    :later, :later)
        """),
        {"booking_id": held.booking_id, "now": clock.now(), "later": clock.now() + timedelta(hours=1)},
    )
    cancelled = await service.cancel(session, clock, actor_of(guest), held.booking_id)
    assert cancelled.refund is None
    assert await rows(session, "SELECT next_attempt_at FROM sagas") == [clock.now()]
    assert await rows(session, "SELECT 1 FROM ledger_transactions") == []


async def test_host_cancels_at_a_cost(session: AsyncSession, clock: FixedClock) -> None:
    """The guest has everything back, the host owes a penalty, and cannot sell the nights to anybody else."""
    made, _, host = await create_confirmed(session, clock)
    cancelled = await service.cancel(session, clock, host, made.booking_id, reason=Reason.UNAVAILABLE)
    assert cancelled.refund is not None
    assert cancelled.refund["total_minor"] == made.charge_total_minor
    assert cancelled.refund["payout"] == {"currency": "EUR", "minor": 0}
    host_part = sum(line["minor"] for line in made.lines if line["component"] not in {"service_fee", "taxes"})
    assert cancelled.refund["penalty"] == {"currency": "EUR", "minor": max(host_part // 4, round(host_part / 3))}
    assert await ledger.host_debt(session, host.user_id) == {"EUR": cancelled.refund["penalty"]["minor"]}
    assert (await audit(session)).broken == ()
    window = Window(made.check_in, made.check_out)
    await calendars.unblock(session, clock, host, made.listing_id, window)
    await calendars.block(session, clock, host, made.listing_id, window)
    await calendars.unblock(session, clock, host, made.listing_id, window)
    with pytest.raises(StayUnavailable):
        await create_quote(session, clock, listing_id=made.listing_id, guest_id=(await create_user(session)).user_id)


async def test_a_host_who_lowers_the_price_first_owes_the_same(session: AsyncSession, clock: FixedClock) -> None:
    """A host may lower a price alone, and the guest gets everything back anyway: the penalty is of what was booked."""
    owed = []
    for lowered in (False, True):
        made, _, host = await create_confirmed(session, clock)
        if lowered:
            wish = Wish(nights_price_minor=0)
            changed = await modifications.propose(session, clock, host, made.booking_id, wish)
            assert changed.status == "applied"
        cancelled = await service.cancel(session, clock, host, made.booking_id, reason=Reason.UNAVAILABLE)
        assert cancelled.refund is not None
        owed.append(cancelled.refund["penalty"]["minor"])
    assert owed[0] == owed[1] > 0


async def test_host_cannot_cancel_a_request_and_platform_owes_no_penalty(
    session: AsyncSession, clock: FixedClock
) -> None:
    """A request is for the host to decline; the platform gives everything back and the nights are on offer."""
    made, _, _ = await create_confirmed(session, clock)
    admin = actor_of(uuid4(), Role.ADMIN)
    cancelled = await service.cancel(session, clock, admin, made.booking_id, reason=Reason.FRAUD)
    assert cancelled.refund is not None
    assert (cancelled.refund["total_minor"], cancelled.refund["penalty"]) == (made.charge_total_minor, None)
    assert await rows(session, "SELECT 1 FROM occupancy WHERE is_live") == []
    host, guest = await create_host(session), await create_user(session)
    listing = await create_listing(session, host=host)
    asked = await create_booking(
        session, listing_id=listing.listing_id, guest_id=guest.user_id, status="requested", confirmed_at=None
    )
    with pytest.raises(ChangeNotYours):
        await service.cancel(session, clock, actor_of(host), asked.booking_id)


async def test_no_show_is_for_the_host_once_the_stay_has_begun(session: AsyncSession, clock: FixedClock) -> None:
    """Not for the guest, not before; nothing goes back, and the nights stay the guest's."""
    made, guest, host = await create_confirmed(session, clock, days_ahead=1)
    with pytest.raises(ChangeNotYours):
        await service.mark_no_show(session, clock, guest, made.booking_id)
    with pytest.raises(StayHasNotBegun):
        await service.mark_no_show(session, clock, host, made.booking_id)
    clock.advance(made.starts_at - clock.now())
    missed = await service.mark_no_show(session, clock, host, made.booking_id)
    assert missed.refund is not None
    assert (missed.status, missed.refund["total_minor"], missed.closed_because) == ("no_show", 0, "no_show")
    assert await balance(session, made, Account.GUEST_RECEIVABLE) == 0
    assert await rows(session, "SELECT 1 FROM sagas") == []
    assert (await audit(session)).broken == ()
    with pytest.raises(BookingStateConflict):
        await service.mark_no_show(session, clock, host, made.booking_id)


async def test_early_departure_shortens_the_stay(session: AsyncSession, clock: FixedClock) -> None:
    """After two of five nights: half of the others but one goes back, and somebody else can have the three."""
    made, guest, _ = await create_confirmed(session, clock, days_ahead=1, nights=5)
    with pytest.raises(StayHasNotBegun):
        await service.leave_early(session, clock, guest, made.booking_id)
    clock.advance(made.starts_at - clock.now())
    with pytest.raises(NoNightLeft):
        await service.leave_early(session, clock, guest, made.booking_id)
    clock.advance(timedelta(days=2))
    left = await service.leave_early(session, clock, guest, made.booking_id)
    assert (left.status, left.check_out, left.ends_at) == ("completed", stay_of(3, 1).check_in, clock.now())
    assert left.refund is not None
    nights = next(line["minor"] for line in made.charge_lines if line["component"] == "nights")
    assert left.refund["lines"][0] == {"component": "nights", "minor": round(nights / 5), "paid_minor": nights}
    assert (await audit(session)).broken == ()
    other = await create_user(session)
    await create_hold(session, clock, listing_id=made.listing_id, guest_id=other.user_id, stay=stay_of(3, 3))


async def test_last_day_is_no_early_departure(session: AsyncSession, clock: FixedClock) -> None:
    """On the day of departure nothing can be left early; after check-out nothing can be cancelled."""
    made, guest, host = await create_confirmed(session, clock, days_ahead=1, nights=2)
    clock.advance(made.ends_at - clock.now() - timedelta(minutes=1))
    with pytest.raises(NoNightLeft):
        await service.leave_early(session, clock, guest, made.booking_id)
    clock.advance(timedelta(minutes=1))
    for ending in (service.cancel, service.leave_early, service.preview):
        with pytest.raises(StayIsOver):
            await ending(session, clock, guest, made.booking_id)
    with pytest.raises(StayIsOver):
        await service.mark_no_show(session, clock, host, made.booking_id)


async def test_another_s_booking_does_not_exist(session: AsyncSession, clock: FixedClock) -> None:
    """A stranger, guest or host, learns nothing by trying to end a booking."""
    made, _, _ = await create_confirmed(session, clock)
    for stranger in (actor_of(await create_user(session)), actor_of(await create_host(session))):
        for ending in (service.cancel, service.preview, service.mark_no_show, service.leave_early):
            with pytest.raises(BookingNotFound):
                await ending(session, clock, stranger, made.booking_id)


async def test_cancelling_twice_pays_once(session: AsyncSession, clock: FixedClock) -> None:
    """The second call is a conflict that posts nothing, starts nothing and tells nobody."""
    made, guest, host = await create_confirmed(session, clock)
    await service.cancel(session, clock, guest, made.booking_id)
    before = await rows(session, "SELECT count(*) FROM ledger_transactions UNION ALL SELECT count(*) FROM outbox")
    for actor in (guest, host):
        with pytest.raises(BookingStateConflict):
            await service.cancel(session, clock, actor, made.booking_id)
    after = await rows(session, "SELECT count(*) FROM ledger_transactions UNION ALL SELECT count(*) FROM outbox")
    assert after == before
    assert await rows(session, "SELECT kind FROM sagas") == ["settlement"]


async def test_b27_refund_is_in_the_currency_charged(session: AsyncSession, clock: FixedClock) -> None:
    """B27: yen were charged at the quote's rate, yen go back by that rate, whatever the rate is by now."""
    charged = [{"component": line["component"], "minor": int(str(line["minor"])) * 163 // 100} for line in LINES]
    made, guest, _ = await _in_yen(session, clock, charged)
    session.add(ExchangeRate(day=TODAY, currency="JPY", per_euro=Decimal(200)))
    await session.flush()
    cancelled = await service.cancel(session, clock, guest, made.booking_id)
    assert cancelled.refund is not None
    assert cancelled.refund["currency"] == "JPY"
    assert cancelled.refund["total_minor"] == sum(line["minor"] for line in charged)
    for currency in ("EUR", "JPY"):
        assert await balance(session, made, Account.EXCHANGE, currency) == 0
    assert await balance(session, made, Account.HOST_PAYABLE, "EUR") == 0
    assert await balance(session, made, Account.GUEST_RECEIVABLE, "JPY") == -cancelled.refund["total_minor"]


async def test_b27_control_rate_of_the_day_gives_another_amount() -> None:
    """Control: exchanging what the host gives up at today's rate is not what was charged."""
    total = sum(int(str(line["minor"])) for line in LINES)
    charged = sum(int(str(line["minor"])) * 163 // 100 for line in LINES)
    assert Money(total, "EUR").convert(Decimal(200), "JPY").minor != charged


@pytest.mark.parametrize(("captured", "owed"), [(False, 0), (True, -1)])
async def test_b28_what_was_not_taken_is_not_given_back(
    session: AsyncSession, clock: FixedClock, *, captured: bool, owed: int
) -> None:
    """B28: cancelled for everything before the capture nobody owes anybody; after it the guest is owed the whole."""
    made, guest, _ = await create_confirmed(session, clock, captured=captured)
    await service.cancel(session, clock, guest, made.booking_id)
    assert await balance(session, made, Account.GUEST_RECEIVABLE) == owed * made.charge_total_minor
    assert await balance(session, made, Account.HOST_PAYABLE) == 0


async def test_b28_refund_after_the_payout_is_the_host_s_debt(session: AsyncSession, clock: FixedClock) -> None:
    """B28: what the host has got and has to give back is recorded, to be withheld later; nothing is negative."""
    made, guest, host = await create_confirmed(session, clock, days_ahead=1, nights=5, policy="flexible")
    earned = -await balance(session, made, Account.HOST_PAYABLE)
    payout = ledger_rules.paid_out(made.booking_id, payout_id=new_id(), currency="EUR", minor=earned, at=clock.now())
    await ledger.post(session, payout)
    clock.advance(made.starts_at - clock.now() + timedelta(days=1))
    left = await service.leave_early(session, clock, guest, made.booking_id)
    assert left.refund is not None
    debt = earned - left.refund["payout"]["minor"]
    assert debt > 0
    assert await ledger.host_debt(session, host.user_id) == {"EUR": debt}
    assert await balance(session, made, Account.HOST_PAYABLE) == 0


async def test_settled_booking_leaves_nothing_open(session: AsyncSession, clock: FixedClock) -> None:
    """Once the saga has paid the guest, the proof over the whole ledger finds nothing."""
    made, guest, _ = await create_confirmed(session, clock)
    cancelled = await service.cancel(session, clock, guest, made.booking_id)
    assert cancelled.refund is not None
    await session.execute(text("UPDATE sagas SET status = 'done'"))
    assert [found.rule for found in await ledger.verify(session)] == ["guest_receivable_settled"]
    refund = ledger_rules.refund_paid(
        made.booking_id,
        refund_id=new_id(),
        currency="EUR",
        minor=cancelled.refund["total_minor"],
        at=clock.now(),
    )
    await ledger.post(session, refund)
    assert await ledger.verify(session) == []


async def _in_yen(
    session: AsyncSession, clock: FixedClock, charged: list[dict[str, Any]]
) -> tuple[Booking, Actor, Actor]:
    """A booking in euros that was charged in yen."""
    host, guest = await create_host(session), await create_user(session)
    listing = await create_listing(session, host=host)
    made = await create_booking(
        session,
        listing_id=listing.listing_id,
        guest_id=guest.user_id,
        charge_currency="JPY",
        charge_lines=charged,
        charge_total_minor=sum(line["minor"] for line in charged),
        exchange_rate=Decimal(163),
    )
    await paid(session, clock, made, captured=True)
    return made, actor_of(guest), actor_of(host)
