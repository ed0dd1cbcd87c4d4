"""A world: operations one after the other, and looks at what the search makes of them.

Nothing else writes into its database, so between two operations the truth stands still and can be asked for as long
as it takes. Columns follow the outbox by themselves meanwhile, as in a process of the API; before they are held to
the truth they are given the time to catch up, and only that.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.lookout import guests
from bench.lookout.documents import export
from bench.lookout.findings import FAULT, SHOWN_THOUGH_REFUSED, TOTAL, Outcome
from bench.lookout.follower import Follower
from bench.lookout.looks import Look, Lookout, draw_look
from bench.lookout.operations import OPERATIONS, WEIGHTS
from bench.lookout.plan import PLACES, Plan
from bench.lookout.truth import Truth
from bench.lookout.turns import Memory, Operation, Turn
from bench.proof import complaints, inline
from bench.proof.plan import STARTS_AT
from lodestay.clock import FixedClock
from lodestay.errors import LodestayError
from lodestay.settings import Environment, Settings
from search.places import Place as NamedPlace
from serving.app import create_app
from serving.search import columns
from serving.state import Services, State
from serving.worker.jobs import standing_jobs
from transactional.bookings.errors import ApprovalNeeded
from transactional.bookings.instant import Keys
from transactional.kit.database import create_engine, session_factory

LOCK_TIMEOUT_MS: Final = 5_000
POLL_SECONDS: Final = 0.002
"""Columns look for news more often than in a process of the API, so that a million fit into an hour."""
EXPORT_EVERY: Final = timedelta(hours=20)
"""Documents are made anew every day; between two exports nobody's date moves on by more than one."""
KILL_EVERY: Final = 90
"""Rounds between two kills of the columns, more or less."""
OPERATIONS_AT_ONCE: Final = (1, 8)
REQUESTS: Final = (40, 80)
"""Least and most of each in a round: of the columns' answers, that cost little, many."""
DRAWN: Final = 4
"""Kinds of operation that are tried until one has something to be done to."""
SECRET: Final = "a key that only the lookout knows, and long enough"  # noqa: S105
KEYS: Final = Keys(quotes=SECRET.encode(), receipts=SECRET)
_SET_TIME: Final = text("UPDATE lookout_clock SET now = :now")
_FIRST_JOB: Final = "expired holds"


@dataclass(frozen=True, kw_only=True)
class Order:
    """One world that is to be played.

    Attributes
    ----------
    database_url
        A database with the schema and the marketplace of the world.
    folder
        For the lake; nobody else's.
    steps
        Operations and requests after which it ends.
    until_broken
        Whether the first broken promise ends it.
    listens
        Whether errors that are only logged are findings too: that takes the process's log over.
    """

    seed: int
    listings: int
    steps: int
    database_url: str
    folder: Path
    until_broken: bool = False
    listens: bool = True


async def play(order: Order) -> Outcome:
    """Play a world to its end."""
    outcome = Outcome(worlds=1)
    heard = complaints.begin()
    started = time.monotonic()
    async with _opened(order, outcome) as world:
        while outcome.steps < order.steps and not (order.until_broken and outcome.broken):
            await world.round()
            for complaint in heard:
                outcome.report(FAULT, order.seed, complaint)
            heard.clear()
        outcome.kills = world.follower.kills
        outcome.days = (world.clock.now() - STARTS_AT) / timedelta(days=1)
    outcome.seconds = time.monotonic() - started
    return outcome


def _no_cities() -> tuple[NamedPlace, ...]:
    return ()


@asynccontextmanager
async def api(database_url: str, folder: Path, clock: FixedClock) -> AsyncIterator[Services]:
    """The services of a process of the API, without columns: the follower has them."""
    settings = Settings(
        environment=Environment.TEST,
        home=folder,
        database_url=database_url,
        token_secret=SECRET,
        masking_secret=SECRET,
        webhook_secret=SECRET,
        embedding_model="none",  # nobody says what they wish in words
        search_timeout_ms=10_000,  # what is looked at is whether an answer is right, on however busy a machine
        search_columns=False,
    )
    app = create_app(settings, clock, _no_cities)
    async with app.router.lifespan_context(app) as state:
        yield cast("State", state)["services"]


@asynccontextmanager
async def _opened(order: Order, outcome: Outcome) -> AsyncIterator[World]:
    """Everything that a world needs, closed at its end."""
    plan, clock = Plan(order.seed, order.listings), FixedClock(STARTS_AT)
    async with AsyncExitStack() as closing:
        sessions = closing.enter_context(inline.open_sessions(order.database_url, lock_timeout_ms=LOCK_TIMEOUT_MS))
        services = await closing.enter_async_context(api(order.database_url, order.folder, clock))
        if order.listens:
            complaints.listen()  # what the columns log as an error is a finding
        followed = create_engine(order.database_url, pool_size=2, lock_timeout_ms=LOCK_TIMEOUT_MS)
        closing.push_async_callback(followed.dispose)
        for name, seconds in (("POLL_SECONDS", POLL_SECONDS), ("LOOK_EVERY_SECONDS", 10 * POLL_SECONDS)):
            closing.callback(setattr, columns, name, getattr(columns, name))
            setattr(columns, name, seconds)
        follower = Follower(services.settings.lake, session_factory(followed), clock, services.quick)
        world = World(plan, clock, sessions=sessions, services=services, follower=follower, outcome=outcome)
        await world.begin()
        closing.push_async_callback(follower.stop)
        yield world


class World:
    """What is done and looked at, round by round."""

    def __init__(
        self,
        plan: Plan,
        clock: FixedClock,
        *,
        sessions: async_sessionmaker[AsyncSession],
        services: Services,
        follower: Follower,
        outcome: Outcome,
    ) -> None:
        self.clock = clock
        self.follower = follower
        self._plan = plan
        self._sessions = sessions
        self._services = services
        self._lake = services.settings.lake
        self._outcome = outcome
        self._truth = Truth(sessions, clock)
        self._lookout = Lookout(plan, self._truth, outcome)
        self._memory = Memory()
        self._rounds = 0
        self._exported_at = STARTS_AT
        (self._expire_holds,) = (job for job in standing_jobs(sessions, clock) if job.name == _FIRST_JOB)

    async def begin(self) -> None:
        """Make the first documents and start the columns."""
        await self._truth.read_all(self._plan.listing_ids)
        async with self._sessions() as session:
            await export(session, self.clock, self._lake, self._plan.listing_ids)
        await self.follower.start()

    async def round(self) -> None:
        """Let time pass, do a few things, look."""
        self._rounds += 1
        draws = self._plan.draws("round", self._rounds)
        await self._pass_time(draws.random(), draws.random())
        for number in range(draws.randint(*OPERATIONS_AT_ONCE)):
            await self._operate(number)
        touched = await self._truth.refresh()
        if draws.random() < 0.4:  # what is committed is not in the columns yet
            await self._whole(self._look("hasty", 0, touched), caught_up=False)
        while await self._expire_holds.run():  # the worker comes by
            pass
        if draws.random() < 1 / KILL_EVERY:
            await self.follower.kill()
            await self.follower.start()
        async with self._sessions() as session:
            await self.follower.catch_up(session)
        touched = list(dict.fromkeys([*touched, *await self._truth.refresh()]))
        for number in range(draws.randint(*REQUESTS)):
            await self._lookout.ask_columns(self.follower.engine, self._look("look", number, touched))
        if draws.random() < 0.2:
            await self._lookout.ask_database(self.follower.engine, self._look("deep", 0, touched))
        if draws.random() < 0.6:  # last: a guest may book what it shows
            await self._whole(self._look("whole", 0, touched), caught_up=True)

    def _look(self, why: str, number: int, touched: Sequence[int]) -> Look:
        return draw_look(self._plan.draws(self._rounds, why, number), self._plan, self._truth, touched)

    async def _operate(self, number: int) -> None:
        """Do something, whatever comes of it."""
        draws = self._plan.draws(self._rounds, "operation", number)
        turn = Turn(self._plan, self._memory, self._sessions, self.clock, draws, self._truth, KEYS)
        for operation in draws.choices(OPERATIONS, WEIGHTS, k=DRAWN):
            if await self._attempt(operation, turn):
                return

    async def _attempt(self, operation: Operation, turn: Turn) -> bool:
        said = "done"
        try:
            if not await operation.work(turn):
                return False
        except LodestayError as refused:
            said = "refused"
            self._outcome.refusals[refused.slug()] += 1
        except Exception as error:  # noqa: BLE001 (a fault is a finding, not the end of the lookout)
            said = "fault"
            self._outcome.report(FAULT, self._plan.seed, f"{operation.name}: {type(error).__name__}: {error}")
        self._outcome.operations[operation.name, said] += 1
        return True

    async def _whole(self, look: Look, *, caught_up: bool) -> None:
        """A whole search; now and then a guest books at once what it shows, which nobody may refuse."""
        look = replace(look, place=look.place or PLACES[0], low=None, high=None)
        if look.stay.check_in < self._truth.today(look.timezone):
            return  # drawn for a place where it is still the day before; it cannot be asked for here
        shown = await self._lookout.search(self._services_now(), look, caught_up=caught_up)
        draws = self._plan.draws(self._rounds, "wish", caught_up)
        if not shown or draws.random() < 0.5:
            return
        listing_id, total = draws.choice(shown)
        turn = Turn(self._plan, self._memory, self._sessions, self.clock, draws, self._truth, KEYS)
        said, seed = "done", self._plan.seed
        where = f"listing {listing_id}, {look.stay.check_in} to {look.stay.check_out}"
        try:
            quote = await guests.quoted(
                turn.sessions, turn.clock, turn.guest(), listing_id, look.stay, guests=look.guests
            )
            if quote.total_minor != total:
                self._outcome.report(TOTAL, seed, f"{where}: {total} is shown, {quote.total_minor} quoted")
            await guests.take(turn, quote)
        except ApprovalNeeded:
            said = "refused"
        except LodestayError as refused:
            said = "refused"
            self._outcome.report(SHOWN_THOUGH_REFUSED, seed, f"{where}: {refused.slug()} to who books it")
        self._outcome.operations["book what is shown", said] += 1

    def _services_now(self) -> Services:
        """The services of a process with the columns that are alive."""
        return replace(self._services, columns=self.follower.shelf)

    async def _pass_time(self, how: float, much: float) -> None:
        """Mostly a moment, now and then hours; documents are made anew before they are too old."""
        minutes = 3 * much if how < 0.8 else 5 + 35 * much if how < 0.95 else 60 + 180 * much
        self.clock.advance(timedelta(minutes=minutes))
        async with self._sessions.begin() as session:
            await session.execute(_SET_TIME, {"now": self.clock.now()})
        if self.clock.now() - self._exported_at < EXPORT_EVERY:
            return
        before = self.follower.engine
        async with self._sessions() as session:
            await export(session, self.clock, self._lake, self._plan.listing_ids)
        self._exported_at = self.clock.now()
        self._outcome.exports += 1
        await self.follower.renew(before)
