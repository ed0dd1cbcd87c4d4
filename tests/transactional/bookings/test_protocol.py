"""The protocol of hold, request, payment and expiry against a model that knows only sets of nights.

Hypothesis draws the operations, on a real database and a processor in memory. Model and database must
agree on whether each happens, on every booking's state, on the nights that are taken and on what each
guest has been charged: in time, late, and after everybody has given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.errors import LodestayError
from tests.transactional.factories import (
    PAID,
    TODAY,
    actor_of,
    create_hold,
    create_host,
    create_listing,
    create_quote,
    create_user,
    instant,
    stay_of,
)
from tests.transactional.payments.fake_gateway import FakeGateway
from transactional.bookings import requests, service
from transactional.bookings.holds import expire_due_holds
from transactional.bookings.records import BookingRecord
from transactional.calendars import service as calendars
from transactional.calendars.rules import Window
from transactional.cancellations import service as cancellations
from transactional.journal.service import audit
from transactional.kit.database import create_engine, session_factory
from transactional.ledger.service import verify
from transactional.payments.gateway import Outcome, Result
from transactional.sagas import service as sagas
from transactional.sagas.checkout import LATE, pay
from transactional.sagas.registry import ACTIONS
from transactional.sagas.runner import Runner
from transactional.users.actors import Role

KEEP = timedelta(minutes=15)
DAYS = 30
Sessions = async_sessionmaker[AsyncSession]
Work = Callable[[AsyncSession], Awaitable[BookingRecord | None]]
STAYS = st.builds(stay_of, st.integers(1, 12), st.integers(1, 4))
ANY = st.integers(0, 10_000)


@dataclass
class Made:
    """A booking as the model knows it.

    Attributes
    ----------
    due
        When its hold expires, or its request lapses.
    was_held
        Whether it ever had nights: only then can it be paid.
    paying
        Until when the processor's late answer still counts, while it is awaited.
    charged
        What its guest must have paid.
    """

    nights: frozenset[date]
    status: str
    due: datetime
    was_held: bool
    paying: datetime | None = None
    charged: int = 0


@dataclass
class Model:
    """What should be true: who has which night, and who has paid what."""

    bookings: dict[UUID, Made] = field(default_factory=dict)
    blocked: set[date] = field(default_factory=set)
    lost: set[date] = field(default_factory=set)
    """Nights of bookings that the host cancelled: nobody's any more, and not the host's to free."""

    def guests(self, now: datetime) -> set[date]:
        """Nights of guests: of bookings, and of holds that are not due."""
        having = (
            made
            for made in self.bookings.values()
            if made.status == "confirmed" or (made.status == "held" and now < made.due)
        )
        return {night for made in having for night in made.nights}

    def taken(self, now: datetime) -> set[date]:
        """Nights that nobody else can have."""
        return self.blocked | self.lost | self.guests(now)

    def can_confirm(self, made: Made, now: datetime) -> bool:
        """In time; or late while the nights are free."""
        if made.status == "held" and now < made.due:
            return True
        return made.status in {"held", "expired"} and made.was_held and not made.nights & self.taken(now)

    def expire_holds(self, now: datetime) -> None:
        """What everybody does first who wants nights."""
        for made in self.bookings.values():
            if made.status == "held" and made.due <= now:
                made.status = "expired"

    def decline_rivals(self, winner: Made) -> None:
        """Requests for nights that somebody has got."""
        for made in self.bookings.values():
            if made.status == "requested" and made.nights & winner.nights:
                made.status = "declined"


class Protocol(RuleBasedStateMachine):
    """One listing, its host, a guest, their processor, and the model beside them.

    Attributes
    ----------
    runner, sessions
        Of the test: set on a subclass.
    """

    runner: asyncio.Runner
    sessions: Sessions

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock(instant())
        self.model = Model()
        self.processor = FakeGateway()
        self.sagas = Runner(self.sessions, self.processor, self.clock, ACTIONS, lambda: 0.5)

    @initialize(held=STAYS, asked=STAYS)
    def begin_with(self, held: Any, asked: Any) -> None:
        """Begin with a hold and a request: much can be done to them."""
        self.begin()
        self.hold(held)
        self.request(asked)

    def begin(self) -> None:
        """Make the listing."""

        async def make(session: AsyncSession) -> None:
            host, guest = await create_host(session), await create_user(session)
            self.listing_id = (await create_listing(session, host=host)).listing_id
            self.host, self.guest = actor_of(host), actor_of(guest)

        self.commit(make)

    @rule(stay=STAYS)
    def hold(self, stay: Any) -> None:
        """Quote and hold a stay."""
        now, nights = self.clock.now(), frozenset(stay)

        async def work(session: AsyncSession) -> BookingRecord:
            return await create_hold(
                session, self.clock, listing_id=self.listing_id, guest_id=self.guest.user_id, stay=stay, keep=KEEP
            )

        made = self.attempt(work, expected=not nights & self.model.taken(now))
        if made is not None:
            self.model.expire_holds(now)
            self.model.bookings[made.booking_id] = Made(nights, "held", now + KEEP, was_held=True)

    @rule(stay=STAYS)
    def request(self, stay: Any) -> None:
        """Quote a stay and ask the host."""
        now, nights = self.clock.now(), frozenset(stay)

        async def work(session: AsyncSession) -> BookingRecord:
            guest_id = self.guest.user_id
            quote = await create_quote(session, self.clock, listing_id=self.listing_id, guest_id=guest_id, stay=stay)
            return await requests.request(
                session, self.clock, guest_id=guest_id, quote_id=quote.quote_id, payment_method="pm_card"
            )

        made = self.attempt(work, expected=not nights & self.model.taken(now))
        if made is not None:
            assert made.respond_by is not None
            self.model.expire_holds(now)
            self.model.bookings[made.booking_id] = Made(nights, "requested", made.respond_by, was_held=False)

    @precondition(lambda self: self.model.bookings)
    @rule(pick=ANY)
    def accept(self, pick: int) -> None:
        """Accept a request, or what is none any more."""
        booking_id, made = self.any_booking(pick, "requested")
        now = self.clock.now()
        expected = made.status == "requested" and now < made.due and not made.nights & self.model.taken(now)
        accepted = self.attempt(
            lambda session: requests.accept(session, self.clock, self.host, booking_id, keep=KEEP), expected=expected
        )
        if accepted is not None:
            assert accepted.hold_expires_at is not None
            self.model.expire_holds(now)
            made.status, made.due, made.was_held = "held", accepted.hold_expires_at, True
            self.model.decline_rivals(made)

    @precondition(lambda self: self.model.bookings)
    @rule(pick=ANY)
    def decline(self, pick: int) -> None:
        """Decline a request, or what is none any more."""
        booking_id, made = self.any_booking(pick, "requested")
        now = self.clock.now()
        done = self.attempt(
            lambda session: requests.decline(session, self.clock, self.host, booking_id, reason="no"),
            expected=made.status == "requested" and now < made.due,
        )
        if done is not None:
            self.model.expire_holds(now)
            made.status = "declined"

    @precondition(lambda self: self.model.bookings)
    @rule(pick=ANY, late=st.booleans())
    def pay(self, pick: int, late: bool) -> None:  # noqa: FBT001 (hypothesis passes it by name)
        """Pay: the processor says yes at once, or nothing for now."""
        booking_id, made = self.any_booking(pick, "held")
        now = self.clock.now()
        payable = made.status in {"held", "expired"} and made.was_held and made.paying is None
        method = "pm_late_success" if late else "pm_card"

        async def work(session: AsyncSession) -> None:
            await pay(session, self.clock, booking_id, payment_method=method)

        if self.attempt_to(work, expected=payable and now < made.due + LATE):
            made.paying = made.due + LATE
            self.advance(booking_id)
            if not late:
                self.settle(booking_id, made)

    @precondition(lambda self: any(made.paying for made in self.model.bookings.values()))
    @rule(pick=ANY, answered=st.booleans())
    def answer(self, pick: int, answered: bool) -> None:  # noqa: FBT001 (hypothesis passes it by name)
        """The processor's late yes comes, or a worker merely asks again."""
        waiting = [(booking_id, made) for booking_id, made in self.model.bookings.items() if made.paying]
        booking_id, made = waiting[pick % len(waiting)]
        if answered:
            for authorisation in self.processor.of(str(booking_id)):
                self.processor.settle(authorisation.processor_id)
        elif made.paying is not None and self.clock.now() >= made.paying:
            made.paying = datetime.min.replace(tzinfo=instant().tzinfo)  # given up: whatever comes is given back
        self.advance(booking_id)
        if answered:
            self.settle(booking_id, made)

    @precondition(lambda self: self.model.bookings)
    @rule(pick=ANY, by_guest=st.booleans())
    def cancel(self, pick: int, by_guest: bool) -> None:  # noqa: FBT001 (hypothesis passes it by name)
        """Cancel any booking, as guest or as host."""
        booking_id, made = self.any_booking(pick, "confirmed")
        actor = self.guest if by_guest else self.host
        cancellable = {"held", "confirmed", "requested"} if by_guest else {"held", "confirmed"}
        cancelled = self.attempt(
            lambda session: cancellations.cancel(session, self.clock, actor, booking_id),
            expected=made.status in cancellable,
        )
        if cancelled is not None:
            if made.status == "confirmed":
                assert cancelled.refund is not None
                made.charged -= sum(line["minor"] for line in cancelled.refund["lines"])
                self.model.lost |= set() if by_guest else made.nights
            made.status = "cancelled"
            if made.paying is None:
                self.advance(booking_id)

    @rule(stay=STAYS)
    def block(self, stay: Any) -> None:
        """Block nights."""
        now, window = self.clock.now(), Window(stay.check_in, stay.check_out)

        async def work(session: AsyncSession) -> None:
            await calendars.block(session, self.clock, self.host, self.listing_id, window)

        if self.attempt_to(work, expected=not set(stay) & self.model.guests(now)):
            self.model.expire_holds(now)
            self.model.blocked |= set(stay)

    @rule(stay=STAYS)
    def unblock(self, stay: Any) -> None:
        """Unblock nights."""
        window = Window(stay.check_in, stay.check_out)

        async def work(session: AsyncSession) -> None:
            await calendars.unblock(session, self.clock, self.host, self.listing_id, window)

        self.attempt_to(work, expected=True)
        self.model.blocked -= set(stay)

    @rule()
    def sweep(self) -> None:
        """Expire what is due."""

        async def work(session: AsyncSession) -> None:
            await expire_due_holds(session, self.clock, limit=10)
            await requests.expire_due_requests(session, self.clock, limit=10)

        self.attempt_to(work, expected=True)
        self.model.expire_holds(self.clock.now())
        for made in self.model.bookings.values():
            if made.status == "requested" and made.due <= self.clock.now():
                made.status = "expired"

    @rule(minutes=st.one_of(st.integers(1, 12), st.just(15), st.just(20)))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(minutes=minutes))

    @invariant()
    def agrees(self) -> None:
        """The database and the processor say what the model says."""
        if not hasattr(self, "listing_id"):
            return
        now = self.clock.now()

        async def look(session: AsyncSession) -> tuple[dict[UUID, str], set[date]]:
            query = text("SELECT booking_id, status FROM bookings WHERE listing_id = :listing_id")
            rows = await session.execute(query, {"listing_id": self.listing_id})
            window = Window(TODAY, TODAY + timedelta(days=DAYS))
            calendar = await calendars.get_calendar(session, self.clock, self.listing_id, window)
            taken = {calendar.start + timedelta(days=n) for n, free in enumerate(calendar.free) if not free}
            return {row.booking_id: row.status for row in rows}, taken

        statuses, taken = self.commit(look)
        assert statuses == {booking_id: made.status for booking_id, made in self.model.bookings.items()}
        assert taken == self.model.taken(now)
        for booking_id, made in self.model.bookings.items():
            assert self.processor.charged(str(booking_id)) == made.charged
            assert made.paying or self.processor.reserved(str(booking_id)) == 0

    def teardown(self) -> None:
        """In the end the journal replays, and nobody owes anybody anything."""
        if not hasattr(self, "listing_id"):
            return
        for booking_id, made in self.model.bookings.items():
            if made.paying:
                for authorisation in self.processor.of(str(booking_id)):
                    self.processor.settle(authorisation.processor_id)
                self.advance(booking_id)

        async def prove(session: AsyncSession) -> None:
            assert (await audit(session)).broken == ()
            assert await verify(session) == []

        self.commit(prove)

    def settle(self, booking_id: UUID, made: Made) -> None:
        """A payment that was answered is over: the guest has a booking and has paid it, or neither."""
        now, deadline = self.clock.now(), made.paying
        assert deadline is not None
        made.paying = None
        if now < deadline and self.model.can_confirm(made, now):
            self.model.expire_holds(now)
            made.status = "confirmed"
            made.charged = self.processor.charged(str(booking_id))
            assert made.charged == sum(each.amount.minor for each in self.processor.of(str(booking_id))[-1:]) > 0
            self.model.decline_rivals(made)

    def any_booking(self, pick: int, wanted: str) -> tuple[UUID, Made]:
        """A booking: mostly one in the wanted state."""
        known = list(self.model.bookings.items())
        fitting = [each for each in known if each[1].status == wanted]
        chosen = fitting if fitting and pick % 4 else known
        return chosen[pick // 4 % len(chosen)]

    def advance(self, booking_id: UUID) -> None:
        """Have a worker do for a booking what it can do now."""

        async def work() -> None:
            while True:
                async with self.sessions.begin() as session:
                    await sagas.wake(session, self.clock, booking_id)
                    due = await sagas.claim_due(session, self.clock, limit=5, booking_id=booking_id)
                finished = [(await self.sagas.advance(saga)).is_finished for saga in due]
                if not any(finished):
                    return

        self.runner.run(work())

    def attempt(self, work: Work, *, expected: bool) -> BookingRecord | None:
        """Do one transaction, which must go through exactly where the model says so."""
        made = None
        try:
            made = self.commit(work)
            happened, why = True, "it happened"
        except LodestayError as refused:
            happened, why = False, refused.detail
        assert happened == expected, why
        return made

    def attempt_to(self, work: Work, *, expected: bool) -> bool:
        """As :meth:`attempt`, for what has no answer; says whether it happened."""
        self.attempt(work, expected=expected)
        return expected

    def commit(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        """Do one transaction."""

        async def transaction() -> Any:
            async with self.sessions.begin() as session:
                return await work(session)

        return self.runner.run(transaction())


@asynccontextmanager
async def _sessions(database_url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(database_url, pool_size=2, lock_timeout_ms=5_000)
    yield session_factory(engine)
    await engine.dispose()


@pytest.fixture
def machine(database_url: str) -> Iterator[type[Protocol]]:
    """The state machine on a database; each history has a listing of its own in it."""
    with asyncio.Runner() as runner:
        opened = _sessions(database_url)
        sessions = runner.run(opened.__aenter__())
        yield type("ProtocolOnDatabase", (Protocol,), {"runner": runner, "sessions": sessions})
        runner.run(opened.__aexit__(None, None, None))


def test_protocol_agrees_with_the_model(machine: type[Protocol]) -> None:
    """B7-B10, B12, B18, B26, B34: whatever is done in whatever order, database, processor and model agree."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_control_holds_that_never_expire_contradict_the_model(
    machine: type[Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expiry taken out: the next guest is refused nights that are free, and the model says so."""

    async def nothing(*_: object) -> int:
        return 0

    monkeypatch.setattr(service, "expire_due_holds_of", nothing)
    protocol = machine()
    protocol.begin()
    protocol.hold(stay_of(3, 2))
    protocol.wait(15)
    with pytest.raises(AssertionError):
        protocol.hold(stay_of(3, 2))


def test_control_money_that_is_not_given_back_contradicts_the_model(
    machine: type[Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    """B10: a late success whose nights are gone; a processor that only says it has released it is found out."""

    async def pretend(_key: str, *, processor_id: str) -> Outcome:
        return Outcome(Result.SUCCEEDED, processor_id)

    protocol = machine()
    protocol.begin()
    protocol.hold(stay_of(3, 2))
    protocol.pay(0, late=True)
    protocol.wait(15)
    protocol.hold(stay_of(3, 2))
    monkeypatch.setattr(protocol.processor, "void", pretend)
    protocol.answer(0, answered=True)
    with pytest.raises(AssertionError):
        protocol.agrees()


async def test_hot_path_is_few_statements(session: AsyncSession, engine: AsyncEngine, clock: FixedClock) -> None:
    """Nine statements hold, ten confirm and ten cancel: each round trip costs more than what it does."""
    guest, listing = await create_user(session), await create_listing(session)
    quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    await session.flush()
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    counts = []
    held = await service.hold(session, clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=KEEP)
    counts.append(len(statements))
    await service.confirm(session, clock, PAID, held.booking_id)
    counts.append(len(statements) - sum(counts))
    await cancellations.cancel(session, clock, actor_of(held.guest_id, Role.GUEST), held.booking_id)
    counts.append(len(statements) - sum(counts))
    assert counts == [9, 10, 10]


async def test_b9_a_hold_for_no_time_is_due_at_once(session: AsyncSession, clock: FixedClock) -> None:
    """B9: at the very instant of expiry the hold is gone for readers and writers alike."""
    guest, listing = await create_user(session), await create_listing(session)
    first = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, keep=timedelta(0))
    second = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    assert first.booking_id != second.booking_id
