"""Modifications on a real database: proposed, answered, applied in one step, or refused with nothing half done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import Refusal
from lodestay.clock import FixedClock
from lodestay.errors import LodestayError
from lodestay.stay import InvalidStay
from tests.transactional.bookings.instant import KEYS, quoted
from tests.transactional.factories import (
    PAID,
    TODAY,
    actor_of,
    create_hold,
    create_listing,
    create_night,
    create_occupancy,
    create_rate,
    create_user,
    stay_of,
)
from tests.transactional.modifications.bookings import Booked, create_booking
from transactional.bookings import instant
from transactional.bookings import repository as bookings
from transactional.bookings.errors import BookingNotFound, BookingStateConflict, StayIsOver
from transactional.bookings.records import BookingRecord
from transactional.calendars.errors import StayUnavailable
from transactional.cancellations import service as cancellations
from transactional.journal.service import audit, look_back
from transactional.listings.errors import TooManyGuests, TooManyPets
from transactional.modifications import applying, repository, service
from transactional.modifications.errors import (
    AnswerNotYours,
    BookingMovedOn,
    BookingVersionMismatch,
    ModificationExpired,
    ModificationNotFound,
    ModificationOpen,
    ModificationStateConflict,
    NightsSpent,
    NothingToModify,
    PaymentMethodNeeded,
    PriceNotYours,
)
from transactional.modifications.records import ModificationRecord, Wish
from transactional.modifications.service import Answered

CARD = "pm_card"


def day(days_ahead: int) -> date:
    """A date so many days after :data:`TODAY`."""
    return TODAY + timedelta(days=days_ahead)


async def nights_of(session: AsyncSession, booked: Booked) -> list[tuple[date, date]]:
    """Live rows of a booking's occupancy."""
    rows = await session.execute(
        text("SELECT lower(stay), upper(stay) FROM occupancy WHERE booking_id = :id AND is_live"),
        {"id": booked.booking.booking_id},
    )
    return [tuple(row) for row in rows]


async def now_of(session: AsyncSession, booked: Booked) -> BookingRecord:
    """The booking as it is now."""
    return await bookings.get(session, booked.booking.booking_id)


def key_of(modification: ModificationRecord) -> Answered:
    """Which one."""
    return Answered(modification.booking_id, modification.modification_id)


async def count(session: AsyncSession, table: str) -> int:
    """Rows of a table."""
    return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_a_guest_proposes_and_the_host_agrees(session: AsyncSession, clock: FixedClock) -> None:
    """Nothing changes until then; a dearer stay waits for its payment, and is changed by that payment's saga."""
    booked = await create_booking(session, clock)
    wish = Wish(check_out=day(14), guests=3, payment_method=CARD, reason="a friend comes along")
    proposed = await service.propose(session, clock, booked.guest, booked.booking.booking_id, wish)
    assert (proposed.status, proposed.proposed_by, proposed.booking_version) == ("proposed", "guest", 2)
    assert proposed.expires_at == clock.now() + timedelta(hours=24)
    assert await now_of(session, booked) == booked.booking
    assert await count(session, "sagas") == 0

    approved = await service.approve(session, clock, booked.host, key_of(proposed))
    assert (approved.status, approved.payment_method) == ("paying", CARD)
    assert await now_of(session, booked) == booked.booking
    paid = (await session.execute(text("SELECT purpose, amount_minor, status FROM payments"))).one()
    assert tuple(paid) == ("modification", proposed.charge_difference_minor, "new")
    data = await session.scalar(text("SELECT data FROM sagas WHERE kind = 'change'"))
    assert data["modification_id"] == str(proposed.modification_id)
    assert data["lines"] == []

    clock.advance(timedelta(minutes=1))
    await applying.apply(session, clock, PAID, proposed.modification_id)
    changed = await now_of(session, booked)
    assert (changed.check_in, changed.check_out, changed.guests) == (day(10), day(14), 3)
    assert (changed.lines, changed.total_minor) == (proposed.lines, proposed.total_minor)
    assert (changed.version, changed.status) == (3, "confirmed")
    assert changed.ends_at - booked.booking.ends_at == timedelta(days=1)
    assert await nights_of(session, booked) == [(day(10), day(14))]
    done = await repository.get(session, proposed.modification_id)
    assert (done.status, done.closed_at) == ("applied", clock.now())
    topics = list(await session.scalars(text("SELECT topic FROM outbox ORDER BY entry_id DESC LIMIT 1")))
    assert topics == ["booking.modified"]


async def test_applying_again_changes_nothing(session: AsyncSession, clock: FixedClock) -> None:
    """A saga that does not know whether it happened asks again."""
    booked = await create_booking(session, clock)
    proposed = await service.propose(session, clock, booked.guest, booked.booking.booking_id, Wish(check_in=day(11)))
    await service.approve(session, clock, booked.host, key_of(proposed))
    after = await now_of(session, booked)
    await applying.apply(session, clock, PAID, proposed.modification_id)
    await applying.give_up(session, clock, PAID, proposed.modification_id, "late news")
    assert await now_of(session, booked) == after
    assert (await repository.get(session, proposed.modification_id)).status == "applied"


async def test_the_journal_tells_of_the_change(session: AsyncSession, clock: FixedClock) -> None:
    """B34: replay equals the tables, and what the guest saw before can be seen again."""
    booked = await create_booking(session, clock)
    before = clock.now()
    clock.advance(timedelta(hours=1))
    wish = Wish(check_in=day(11), nights_price_minor=9_000)
    proposed = await service.propose(session, clock, booked.host, booked.booking.booking_id, wish)
    await service.approve(session, clock, booked.guest, key_of(proposed))
    assert (await audit(session)).broken == ()
    assert (await look_back(session, booked.booking.booking_id, before))[1] == booked.booking
    assert (await look_back(session, booked.booking.booking_id, clock.now()))[1] == await now_of(session, booked)


async def test_a_cheaper_stay_is_applied_at_once_and_its_refund_is_left_to_a_saga(
    session: AsyncSession, clock: FixedClock
) -> None:
    """By component, in the charged currency at the booking's rate: what was paid for each is what it costs."""
    await create_rate(session, "JPY", Decimal("171.35"))
    booked = await create_booking(session, clock, guests=3, charge_currency="JPY")
    await create_rate(session, "JPY", Decimal(260), day=TODAY + timedelta(days=1))
    wish = Wish(check_out=day(12), guests=2)
    proposed = await service.propose(session, clock, booked.guest, booked.booking.booking_id, wish)
    await service.approve(session, clock, booked.host, key_of(proposed))
    changed = await now_of(session, booked)
    assert (changed.exchange_rate, changed.charge_currency) == (Decimal("171.35"), "JPY")
    saga = (await session.execute(text("SELECT kind, data FROM sagas"))).one()
    back = {line["component"]: line["minor"] for line in saga.data["lines"]}
    then = {line["component"]: line["minor"] for line in booked.booking.charge_lines}
    now = {line["component"]: line["minor"] for line in changed.charge_lines}
    assert back == {each: then[each] - now.get(each, 0) for each in then if then[each] != now.get(each, 0)}
    assert "cleaning" not in back
    assert sum(back.values()) == -proposed.charge_difference_minor
    assert await count(session, "payments") == 0


WAIVED = [("guest", Wish(guests=1)), ("host", Wish(nights_price_minor=20_000)), ("admin", Wish(check_out=day(12)))]


@pytest.mark.parametrize(("who", "wish"), WAIVED, ids=[who for who, _ in WAIVED])
async def test_what_needs_nobodys_word_is_done_at_once(
    session: AsyncSession, clock: FixedClock, who: str, wish: Wish
) -> None:
    """A guest fewer for the same money; a host's gift; the platform's help."""
    booked = await create_booking(session, clock)
    done = await service.propose(session, clock, getattr(booked, who), booked.booking.booking_id, wish)
    assert done.status == "applied"
    changed = await now_of(session, booked)
    assert changed.version == 3
    assert changed.total_minor == done.total_minor <= booked.booking.total_minor


async def test_a_dearer_proposal_of_the_hosts_is_paid_with_what_the_guest_names(
    session: AsyncSession, clock: FixedClock
) -> None:
    """The host proposes another week at another price; the guest agrees and says with what."""
    booked = await create_booking(session, clock)
    wish = Wish(check_in=day(20), check_out=day(23), nights_price_minor=50_000, payment_method="the host's")
    proposed = await service.propose(session, clock, booked.host, booked.booking.booking_id, wish)
    assert (proposed.status, proposed.payment_method) == ("proposed", None)
    with pytest.raises(PaymentMethodNeeded):
        await service.approve(session, clock, booked.guest, key_of(proposed))
    approved = await service.approve(session, clock, booked.guest, key_of(proposed), payment_method=CARD)
    assert (approved.status, approved.payment_method) == ("paying", CARD)


async def test_what_was_paid_by_receipt_cannot_be_charged_again(session: AsyncSession, clock: FixedClock) -> None:
    """A booking at once leaves no method behind: the guest of a dearer stay has to name one."""
    listing = await create_listing(session)
    guest = await create_user(session)
    wish = await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    booking = await instant.book(session, clock, KEYS, wish)
    with pytest.raises(PaymentMethodNeeded):
        await service.propose(session, clock, actor_of(guest), booking.booking_id, Wish(check_out=day(15)))
    await session.rollback()


async def test_a_declined_one_and_a_withdrawn_one_leave_the_booking(session: AsyncSession, clock: FixedClock) -> None:
    """Each side ends what is its to end, once; then another can be proposed."""
    booked = await create_booking(session, clock)
    booking_id = booked.booking.booking_id
    first = await service.propose(session, clock, booked.guest, booking_id, Wish(check_in=day(11)))
    declined = await service.decline(session, clock, booked.host, key_of(first), reason="we arrive that day")
    assert (declined.status, declined.closed_because) == ("declined", "we arrive that day")
    second = await service.propose(session, clock, booked.guest, booking_id, Wish(check_in=day(11)))
    assert (await service.withdraw(session, clock, booked.guest, key_of(second))).status == "withdrawn"
    for late in (service.approve, service.decline):
        with pytest.raises(ModificationStateConflict):
            await late(session, clock, booked.host, key_of(second))
    assert await now_of(session, booked) == booked.booking
    assert [each.status for each in await repository.list_of(session, booking_id)] == ["withdrawn", "declined"]


async def test_nobody_waits_for_ever(session: AsyncSession, clock: FixedClock) -> None:
    """An answer after the time is refused before any sweeper came; the sweeper, or the next proposal, closes it."""
    booked = await create_booking(session, clock)
    booking_id = booked.booking.booking_id
    first = await service.propose(session, clock, booked.guest, booking_id, Wish(check_in=day(11)))
    clock.advance(timedelta(hours=24))
    with pytest.raises(ModificationExpired):
        await service.approve(session, clock, booked.host, key_of(first))
    second = await service.propose(session, clock, booked.guest, booking_id, Wish(check_in=day(11)))
    assert (await repository.get(session, first.modification_id)).status == "expired"
    clock.advance(timedelta(hours=24))
    assert await service.expire_due(session, clock, limit=10) == 1
    assert await service.expire_due(session, clock, limit=10) == 0
    assert (await repository.get(session, second.modification_id)).closed_at == clock.now()


async def test_b14_a_booking_has_one_open_modification(session: AsyncSession, clock: FixedClock) -> None:
    """B14: neither side can propose twice for the same nights, nor both at once; the schema would refuse it too."""
    booked = await create_booking(session, clock)
    booking_id = booked.booking.booking_id
    first = await service.propose(session, clock, booked.guest, booking_id, Wish(check_in=day(11)))
    for actor in (booked.guest, booked.host):
        with pytest.raises(ModificationOpen) as refused:
            await service.propose(session, clock, actor, booking_id, Wish(check_out=day(12)))
        assert refused.value.extensions["modification_id"] == str(first.modification_id)


async def test_a_booking_that_ends_closes_what_was_proposed(session: AsyncSession, clock: FixedClock) -> None:
    """After a cancellation nobody is asked any more to agree to other dates."""
    booked = await create_booking(session, clock)
    proposed = await service.propose(session, clock, booked.guest, booked.booking.booking_id, Wish(check_in=day(11)))
    await cancellations.cancel(session, clock, booked.guest, booked.booking.booking_id)
    assert (await repository.get(session, proposed.modification_id)).status == "expired"


async def test_b14_control_without_the_question_and_the_index_two_are_open(
    session: AsyncSession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B14, control: the question taken out, the index refuses; without the index both stand for the same nights."""
    booked = await create_booking(session, clock)
    booking_id = booked.booking.booking_id

    async def none_open(*_: object) -> None:
        return

    monkeypatch.setattr(repository, "open_of", none_open)
    await session.execute(text("DROP INDEX ux_modifications_open"))
    for actor in (booked.guest, booked.host):
        await service.propose(session, clock, actor, booking_id, Wish(check_in=day(11)))
    assert await session.scalar(text("SELECT count(*) FROM modifications WHERE status = 'proposed'")) == 2


async def test_b11_a_stay_moves_onto_its_own_nights_and_lets_the_others_go(
    session: AsyncSession, clock: FixedClock
) -> None:
    """B11: a shift by a night overlaps itself; the night given up is another's at once, the new one no more."""
    booked = await create_booking(session, clock)
    proposed = await service.propose(
        session, clock, booked.guest, booked.booking.booking_id, Wish(check_in=day(11), check_out=day(14))
    )
    await create_hold(
        session,
        clock,
        listing_id=booked.listing_id,
        guest_id=(await create_user(session)).user_id,
        stay=stay_of(9, 1),
    )
    approved = await service.approve(session, clock, booked.host, key_of(proposed), payment_method=CARD)
    await applying.apply(session, clock, PAID, approved.modification_id)
    assert await nights_of(session, booked) == [(day(11), day(14))]
    other = (await create_user(session)).user_id
    await create_hold(session, clock, listing_id=booked.listing_id, guest_id=other, stay=stay_of(10, 1))
    with pytest.raises(StayUnavailable):
        await create_hold(session, clock, listing_id=booked.listing_id, guest_id=other, stay=stay_of(13, 1))


@pytest.mark.parametrize("kind", ["imported", "host_block"])
async def test_b11_nights_of_others_are_refused_at_every_step(
    session: AsyncSession, clock: FixedClock, kind: str
) -> None:
    """B11: as it is proposed, as it is agreed to, and as it is applied; the booking keeps what it has."""
    booked = await create_booking(session, clock)
    booking_id = booked.booking.booking_id
    await create_occupancy(session, booked.listing_id, day(13), day(14), kind=kind)
    for actor in (booked.guest, booked.host, booked.admin):
        with pytest.raises(StayUnavailable) as refused:
            await service.propose(session, clock, actor, booking_id, Wish(check_out=day(14)))
        assert (refused.value.rule, refused.value.nights) == (Refusal.NIGHTS_TAKEN, (day(13),))
    proposed = await service.propose(session, clock, booked.guest, booking_id, Wish(check_in=day(9), check_out=day(12)))
    taken = await create_occupancy(session, booked.listing_id, day(9), day(10), kind=kind)
    with pytest.raises(StayUnavailable):
        await service.approve(session, clock, booked.host, key_of(proposed))
    with pytest.raises(StayUnavailable):
        await applying.apply(session, clock, PAID, proposed.modification_id)
    assert await nights_of(session, booked) == [(day(10), day(13))]
    assert await now_of(session, booked) == booked.booking
    taken.is_live = False
    await session.flush()
    await service.approve(session, clock, booked.host, key_of(proposed))
    assert await nights_of(session, booked) == [(day(9), day(12))]


async def test_a_booking_that_moved_on_is_not_changed(session: AsyncSession, clock: FixedClock) -> None:
    """A modification is of one version: after a cancellation, or another change, it comes to nothing."""
    booked = await create_booking(session, clock)
    booking_id = booked.booking.booking_id
    proposed = await service.propose(session, clock, booked.guest, booking_id, Wish(check_in=day(11)))
    await session.execute(text("UPDATE bookings SET version = version + 1"))
    with pytest.raises(BookingMovedOn):
        await service.approve(session, clock, booked.host, key_of(proposed))
    await session.execute(text("UPDATE bookings SET version = version - 1"))
    await cancellations.cancel(session, clock, booked.guest, booking_id)
    with pytest.raises(ModificationStateConflict):
        await service.approve(session, clock, booked.host, key_of(proposed))
    with pytest.raises(BookingStateConflict):
        await applying.apply(session, clock, PAID, proposed.modification_id)
    assert await nights_of(session, booked) == []


async def test_a_running_stay_changes_from_today_on(session: AsyncSession, clock: FixedClock) -> None:
    """Prolonged, or ended earlier with the host's consent and the nights' price; what has passed stays."""
    booked = await create_booking(session, clock)
    booking_id = booked.booking.booking_id
    clock.advance(timedelta(days=11))  # the second day of three nights
    for wish in (Wish(check_in=day(11)), Wish(check_in=day(9)), Wish(check_in=day(20), check_out=day(22))):
        with pytest.raises(NightsSpent):
            await service.propose(session, clock, booked.guest, booking_id, wish)
    longer = await service.propose(
        session, clock, booked.guest, booking_id, Wish(check_out=day(15), payment_method=CARD)
    )
    assert longer.expires_at == min(clock.now() + timedelta(hours=24), booked.booking.ends_at)
    await service.withdraw(session, clock, booked.guest, key_of(longer))
    shorter = await service.propose(session, clock, booked.guest, booking_id, Wish(check_out=day(11)))
    assert (shorter.status, shorter.charge_difference_minor < 0) == ("proposed", True)
    await service.approve(session, clock, booked.host, key_of(shorter))
    assert await nights_of(session, booked) == [(day(10), day(11))]


async def test_nights_that_pass_before_the_answer_stay_as_they_are(session: AsyncSession, clock: FixedClock) -> None:
    """A guest asks to leave today; a host who agrees tomorrow gives no night back that was slept."""
    booked = await create_booking(session, clock)
    clock.advance(timedelta(days=11))
    wish = Wish(check_out=day(11))
    proposed = await service.propose(session, clock, booked.guest, booked.booking.booking_id, wish)
    clock.advance(timedelta(hours=23))
    with pytest.raises(NightsSpent) as refused:
        await service.approve(session, clock, booked.host, key_of(proposed))
    assert refused.value.extensions["nights"] == [day(11).isoformat()]
    assert await now_of(session, booked) == booked.booking


async def test_a_stay_that_is_over_is_not_changed(session: AsyncSession, clock: FixedClock) -> None:
    """From the hour of departure on."""
    booked = await create_booking(session, clock)
    clock.advance(timedelta(days=13))
    with pytest.raises(StayIsOver):
        await service.propose(session, clock, booked.guest, booked.booking.booking_id, Wish(guests=1))


async def test_b4_the_start_of_a_changed_stay_is_an_instant_of_its_own_day(
    session: AsyncSession, clock: FixedClock
) -> None:
    """B4, B5: moved behind the end of summer time, check-in stays at three in the listing's zone."""
    booked = await create_booking(session, clock, stay=stay_of(128, 3))  # 21 to 24 October
    proposed = await service.propose(
        session, clock, booked.host, booked.booking.booking_id, Wish(check_in=day(134), check_out=day(137))
    )
    await service.approve(session, clock, booked.guest, key_of(proposed), payment_method=CARD)
    await applying.apply(session, clock, PAID, proposed.modification_id)
    changed = await now_of(session, booked)
    assert booked.booking.starts_at == datetime(2026, 10, 21, 14, tzinfo=UTC)
    assert changed.starts_at == datetime(2026, 10, 27, 15, tzinfo=UTC)


async def test_b4_a_date_that_stays_keeps_its_instant(session: AsyncSession, clock: FixedClock) -> None:
    """B4: the host has other hours since; who leaves a day earlier still arrives when it was booked."""
    booked = await create_booking(session, clock)
    await session.execute(text("UPDATE rate_plans SET check_in_hour = 18, check_out_hour = 8"))
    booking_id = booked.booking.booking_id
    shorter = await service.propose(session, clock, booked.host, booking_id, Wish(check_out=day(12)))
    await service.approve(session, clock, booked.guest, key_of(shorter))
    changed = await now_of(session, booked)
    assert changed.starts_at == booked.booking.starts_at
    assert booked.booking.ends_at - changed.ends_at == timedelta(hours=27)  # a day, and eight instead of eleven
    fewer = await service.propose(session, clock, booked.guest, booking_id, Wish(guests=1))
    assert fewer.status == "applied"
    same = await now_of(session, booked)
    assert (same.starts_at, same.ends_at) == (changed.starts_at, changed.ends_at)


BAD_WISHES: list[tuple[str, Wish, type[LodestayError]]] = [
    ("guest", Wish(), NothingToModify),
    ("guest", Wish(guests=2, check_in=day(10)), NothingToModify),
    ("host", Wish(nights_price_minor=34_000), NothingToModify),
    ("guest", Wish(nights_price_minor=1), PriceNotYours),
    ("guest", Wish(check_in=day(13)), InvalidStay),
    ("guest", Wish(check_in=day(15), check_out=day(14)), InvalidStay),
    ("guest", Wish(check_out=day(410)), InvalidStay),
    ("guest", Wish(check_in=day(-2)), NightsSpent),
    ("guest", Wish(guests=5), TooManyGuests),
    ("guest", Wish(guests=0), TooManyGuests),
    ("guest", Wish(pets=3), TooManyPets),
    ("guest", Wish(check_out=day(14)), PaymentMethodNeeded),
    ("guest", Wish(check_in=day(20), check_out=day(21)), StayUnavailable),
    ("stranger", Wish(guests=1), BookingNotFound),
]


@pytest.mark.parametrize(
    ("who", "wish", "error"), BAD_WISHES, ids=[f"{n}-{row[2].slug()}" for n, row in enumerate(BAD_WISHES)]
)
async def test_a_bad_wish_is_named_and_writes_nothing(
    session: AsyncSession, clock: FixedClock, who: str, wish: Wish, error: type[LodestayError]
) -> None:
    """Each has an error of its own, with a hint."""
    booked = await create_booking(session, clock)
    await create_night(session, booked.listing_id, day(20), min_stay=2)
    await session.commit()
    actors: dict[str, Any] = {"guest": booked.guest, "host": booked.host}
    actor = actors.get(who) or actor_of(await create_user(session))
    with pytest.raises(error) as refused:
        await service.propose(session, clock, actor, booked.booking.booking_id, wish)
    assert refused.value.hint
    await session.rollback()
    assert await count(session, "modifications") == 0
    assert await now_of(session, booked) == booked.booking


async def test_only_confirmed_bookings_are_modified(session: AsyncSession, clock: FixedClock) -> None:
    """A hold is not: its guest asks for another quote."""
    booked = await create_booking(session, clock)
    held = await create_hold(
        session, clock, listing_id=booked.listing_id, guest_id=booked.guest.user_id, stay=stay_of(20, 2)
    )
    with pytest.raises(BookingStateConflict):
        await service.propose(session, clock, booked.guest, held.booking_id, Wish(guests=1))


async def test_a_version_that_the_caller_has_not_seen_is_refused(session: AsyncSession, clock: FixedClock) -> None:
    """With `if_match`; without it nobody asks."""
    booked = await create_booking(session, clock)
    with pytest.raises(BookingVersionMismatch) as refused:
        await service.propose(
            session, clock, booked.guest, booked.booking.booking_id, Wish(guests=1), if_match=frozenset({1})
        )
    assert refused.value.extensions["version"] == 2
    done = await service.propose(
        session, clock, booked.guest, booked.booking.booking_id, Wish(guests=1), if_match=frozenset({2, 5})
    )
    assert done.status == "applied"


async def test_answers_are_for_the_other_side_of_this_booking(session: AsyncSession, clock: FixedClock) -> None:
    """Nobody agrees with themselves; another's booking is not there; neither is a modification of another booking."""
    booked, elsewhere = await create_booking(session, clock), await create_booking(session, clock)
    proposed = await service.propose(session, clock, booked.guest, booked.booking.booking_id, Wish(check_in=day(11)))
    with pytest.raises(AnswerNotYours):
        await service.approve(session, clock, booked.guest, key_of(proposed))
    with pytest.raises(AnswerNotYours):
        await service.withdraw(session, clock, booked.host, key_of(proposed))
    for actor in (elsewhere.guest, elsewhere.host):
        with pytest.raises(BookingNotFound):
            await service.approve(session, clock, actor, key_of(proposed))
    for wrong in (Answered(elsewhere.booking.booking_id, proposed.modification_id),):
        with pytest.raises(ModificationNotFound):
            await service.approve(session, clock, elsewhere.host, wrong)
    with pytest.raises(ModificationNotFound):
        await service.approve(session, clock, booked.host, Answered(booked.booking.booking_id, uuid4()))
