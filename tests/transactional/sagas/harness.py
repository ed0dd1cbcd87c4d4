"""A booking with its processor, and a worker that can be killed anywhere: what the tests of sagas share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from lodestay.clock import Clock, FixedClock
from lodestay.money import Money
from lodestay.stay import Stay
from tests.transactional.factories import create_hold, create_listing, create_user, stay_of
from tests.transactional.payments.fake_gateway import FakeGateway
from transactional.bookings import repository as bookings
from transactional.bookings.records import BookingRecord
from transactional.journal.rules import Cause
from transactional.journal.service import audit
from transactional.ledger import service as ledger
from transactional.ledger.records import Account
from transactional.payments import repository as payments
from transactional.payments.gateway import Outcome
from transactional.sagas import repository
from transactional.sagas.checkout import pay
from transactional.sagas.records import SagaRecord
from transactional.sagas.registry import actions_with
from transactional.sagas.runner import Actions, Runner
from transactional.sagas.service import claim_due

Sessions = async_sessionmaker[AsyncSession]
KEEP = timedelta(minutes=15)
ROUNDS = 200
"""Times that a worker looks; each time the clock stands where the next saga is due."""
OPEN_PAYMENTS = ("new", "action_required", "authorised")

# Of each booking the oldest, which the others wait for.
_NEXT = text("""
    SELECT min(due_at) FROM (
        SELECT DISTINCT ON (booking_id) greatest(next_attempt_at, leased_until) AS due_at
        FROM sagas WHERE status NOT IN ('done','compensated') ORDER BY booking_id, saga_id
    ) oldest
""")


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Killer:
    """Ends the process at one of the points it passes.

    Attributes
    ----------
    at
        Number of the point, None for never.
    passed
        Points passed so far.
    """

    at: int | None = None
    passed: int = 0

    def point(self, *_: object) -> None:
        """Pass a point, or end there."""
        self.passed += 1
        if self.at is not None and self.passed == self.at:
            raise Killed

    @asynccontextmanager
    async def watching(self, engine: AsyncEngine) -> AsyncIterator[None]:
        """Make a point of every statement and of every commit."""
        hooks = ("before_cursor_execute", "commit")
        for hook in hooks:
            event.listen(engine.sync_engine, hook, self.point)
        try:
            yield
        finally:
            for hook in hooks:
                event.remove(engine.sync_engine, hook, self.point)


@dataclass
class Wire:
    """The network before a processor: a point on the way there, and one on the way back."""

    processor: FakeGateway
    killer: Killer = field(default_factory=Killer)

    async def authorise(self, key: str, *, payment_method: str, amount: Money, reference: str) -> Outcome:
        """Forward."""
        self.killer.point()
        outcome = await self.processor.authorise(key, payment_method=payment_method, amount=amount, reference=reference)
        self.killer.point()
        return outcome

    async def capture(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Forward."""
        self.killer.point()
        outcome = await self.processor.capture(key, processor_id=processor_id, amount=amount)
        self.killer.point()
        return outcome

    async def void(self, key: str, *, processor_id: str) -> Outcome:
        """Forward."""
        self.killer.point()
        outcome = await self.processor.void(key, processor_id=processor_id)
        self.killer.point()
        return outcome

    async def refund(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Forward."""
        self.killer.point()
        outcome = await self.processor.refund(key, processor_id=processor_id, amount=amount)
        self.killer.point()
        return outcome

    async def pay_out(self, key: str, *, host_id: UUID, amount: Money, reference: str) -> Outcome:
        """Forward."""
        self.killer.point()
        outcome = await self.processor.pay_out(key, host_id=host_id, amount=amount, reference=reference)
        self.killer.point()
        return outcome


@dataclass
class Stub:
    """Modifications that note what was asked of them.

    Attributes
    ----------
    refuses
        Raised by `apply`, where it is not None.
    """

    refuses: Exception | None = None
    applied: list[UUID] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)

    async def apply(self, session: AsyncSession, clock: Clock, cause: Cause, modification_id: UUID) -> None:
        """Note it, or refuse."""
        del session, clock, cause
        if self.refuses is not None:
            raise self.refuses
        self.applied.append(modification_id)

    async def give_up(
        self, session: AsyncSession, clock: Clock, cause: Cause, modification_id: UUID, reason: str
    ) -> None:
        """Note why."""
        del session, clock, cause, modification_id
        self.given_up.append(reason)


@dataclass
class World:
    """One database, one processor, one clock.

    Attributes
    ----------
    listing_id, holds
        A listing that runs share, and how many of its nights they have had.
    """

    engine: AsyncEngine
    sessions: Sessions
    clock: FixedClock
    processor: FakeGateway = field(default_factory=FakeGateway)
    modifications: Stub = field(default_factory=Stub)
    changed_actions: dict[Any, Any] = field(default_factory=dict)
    listing_id: int | None = None
    holds: int = 0

    def runner(self, killer: Killer | None = None) -> Runner:
        """A worker's runner, as a fresh process has it."""
        actions: Actions = actions_with(self.modifications) | self.changed_actions
        wire = Wire(self.processor, killer or Killer())
        return Runner(self.sessions, wire, self.clock, actions, lambda: 0.5)

    async def hold(self, *, stay: Stay | None = None, listing_id: int | None = None) -> BookingRecord:
        """A held booking of a new guest."""
        async with self.sessions.begin() as session:
            if listing_id is None:
                listing_id = (await create_listing(session)).listing_id
            guest = await create_user(session)
            return await create_hold(
                session, self.clock, listing_id=listing_id, guest_id=guest.user_id, stay=stay or stay_of(10, 3)
            )

    async def begin(self, booking: BookingRecord, method: str = "pm_card") -> UUID:
        """Begin to pay a booking."""
        async with self.sessions.begin() as session:
            return await pay(session, self.clock, booking.booking_id, payment_method=method)

    async def work(self, killer: Killer | None = None) -> int:
        """Advance what is due now; say how many sagas that were."""
        async with self.sessions.begin() as session:
            due = await claim_due(session, self.clock, limit=10)
        for saga in due:
            await self.runner(killer).advance(saga)
        return len(due)

    async def finish(self, *, until: timedelta = timedelta(hours=1)) -> None:
        """Work until nothing is due within a time, moving the clock to whatever is due next."""
        for _ in range(ROUNDS):
            if await self.work():
                continue
            async with self.sessions() as session:
                due_at = await session.scalar(_NEXT)
            if due_at is None or due_at > self.clock.now() + until:
                return
            self.clock.advance(max(due_at - self.clock.now(), timedelta()))
        raise AssertionError("the sagas do not come to an end")

    async def pay_with(self, booking: BookingRecord, method: str = "pm_card") -> SagaRecord:
        """Pay a booking, to the end."""
        saga_id = await self.begin(booking, method)
        await self.finish()
        return await self.saga(saga_id)

    async def saga(self, saga_id: UUID) -> SagaRecord:
        """A saga as it is now."""
        async with self.sessions() as session:
            return await repository.get(session, saga_id)

    async def booking(self, booking: BookingRecord) -> BookingRecord:
        """A booking as it is now."""
        async with self.sessions() as session:
            return await bookings.get(session, booking.booking_id)

    async def balance(self, booking: BookingRecord, account: Account) -> int:
        """Balance of a booking's account in the currency it is charged in."""
        async with self.sessions() as session:
            return await ledger.balance(session, booking.booking_id, account, booking.charge_currency)

    async def complaints(self, booking: BookingRecord) -> list[str]:
        """What is wrong with a booking and with the whole database, in words; nothing where all is as promised."""
        return await self.complaints_about(booking) + await self.complaints_about_all()

    async def complaints_about(self, booking: BookingRecord) -> list[str]:
        """What is wrong with a booking whose sagas are over.

        It is confirmed and charged once, or not confirmed and charged nothing; nothing stays reserved; our
        payments say what the processor's books say.
        """
        now = await self.booking(booking)
        reference = str(booking.booking_id)
        charged, reserved = self.processor.charged(reference), self.processor.reserved(reference)
        due = now.charge_total_minor if now.status == "confirmed" else 0
        found = []
        if now.status not in {"confirmed", "held", "expired", "cancelled"}:
            found.append(f"the booking is {now.status}")
        if charged != due:
            found.append(f"the guest was charged {charged}, not {due}")
        if reserved:
            found.append(f"{reserved} stay reserved")
        async with self.sessions() as session:
            ours = await payments.for_booking(session, booking.booking_id)
        captured = [each for each in self.processor.of(reference) if each.captured_minor]
        if len(captured) > len([each for each in ours if each.captured_minor]):
            found.append("it was captured more than once")
        if sum(each.captured_minor - each.refunded_minor for each in ours) != charged:
            found.append("our payments contradict the processor")
        found += [f"open: {each.status}" for each in ours if each.status in OPEN_PAYMENTS]
        if await self.balance(booking, Account.GUEST_RECEIVABLE):
            found.append("the guest owes or is owed something")
        return found

    async def complaints_about_all(self) -> list[str]:
        """What is wrong anywhere: the ledger nets to zero, the journal replays, no saga is left over."""
        async with self.sessions() as session:
            found = [f"ledger: {each}" for each in await ledger.verify(session)]
            found += (await audit(session)).broken
            found += [f"unfinished: {each}" for each in await repository.unfinished(session, limit=100)]
        return found
