"""The designs that come to mind first, behind the same HTTP, the same checks and the same rows as ours.

Each books like :func:`transactional.bookings.instant.book`, with one thing done the naive way:

* ``serializable``: no lock; PostgreSQL's SERIALIZABLE finds the conflicts, and the call is tried again;
* ``exclusion``: no lock and no check; the constraint alone refuses, whatever it takes to find out;
* ``orm``: the lock and the check, with everything written as objects of a unit of work.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.ext.declarative import DeferredReflection
from sqlalchemy.orm import DeclarativeBase

from serving.app import create_app as create_real_app
from serving.bookings.schemas import BookingOut
from serving.dependencies import GuestActor, ServicesDep
from serving.idempotency import Key
from serving.instant_bookings.schemas import InstantBookingIn
from serving.state import Services
from transactional.bookings import instant, repository
from transactional.bookings.changes import first_event, payload_of
from transactional.bookings.composition import TOPIC, PaidBooking, compose
from transactional.bookings.instant import Wish
from transactional.bookings.records import COLUMNS
from transactional.bookings.service import write_new
from transactional.journal.rules import NOTHING_BEFORE, body_of, hash_of
from transactional.kit.idempotency import Answer, Call, hash_body, run_once
from transactional.kit.sqlstate import CONTENTION, SqlState, sqlstate
from transactional.listings.repository import LockedListing
from transactional.quotes import service as quotes

DESIGNS: Final = ("serializable", "exclusion", "orm")
TRIES: Final = 5
_PLACE = text("SELECT * FROM booking_places WHERE listing_id = :listing_id")


class _Base(DeclarativeBase):
    """Of the objects."""


def _object(table: str) -> Any:
    """A class whose attributes are the columns that the table turns out to have."""
    return type(table, (DeferredReflection, _Base), {"__tablename__": table})


class _Objects:
    """What the unit of work knows."""

    listings = _object("listings")
    bookings = _object("bookings")
    occupancy = _object("occupancy")
    events = _object("booking_events")
    ledger = _object("ledger_transactions")
    payments = _object("payments")
    sagas = _object("sagas")
    outbox = _object("outbox")
    prepared = False


router = APIRouter(prefix="/naive")


class NightsTaken(Exception):
    """Somebody has the nights."""


@router.post("/{design}", status_code=201, response_model=BookingOut)
async def book_naively(
    *, design: str, body: InstantBookingIn, actor: GuestActor, key: Key, request: Request, services: ServicesDep
) -> JSONResponse:
    """Book in one of the naive ways."""
    call = Call(str(actor.user_id), request.method, request.url.path, key, hash_body(await request.body()))
    wish = body.wish_of(actor)
    book = {"serializable": _serializable, "exclusion": _exclusion, "orm": _orm}[design]
    try:
        answer = await book(services, call, wish)
    except NightsTaken:
        return JSONResponse({"detail": "Somebody has the nights."}, 409)
    except DBAPIError as error:
        if sqlstate(error) == SqlState.EXCLUSION_VIOLATION:
            return JSONResponse({"detail": "Somebody has the nights."}, 409)
        return JSONResponse({"detail": f"SQLSTATE {sqlstate(error)}"}, 500)
    return JSONResponse(answer.body, answer.status)


def create_app() -> FastAPI:
    """The real application with the naive ways beside it."""
    app = create_real_app()
    app.include_router(router)
    return app


async def _serializable(services: Services, call: Call, wish: Wish) -> Answer:
    engine = _engine(services).execution_options(isolation_level="SERIALIZABLE")
    for left in reversed(range(TRIES)):
        try:
            return await _in_session(engine, services, call, wish, check=True)
        except DBAPIError as error:
            if sqlstate(error) not in CONTENTION or not left:
                raise
    raise AssertionError


async def _exclusion(services: Services, call: Call, wish: Wish) -> Answer:
    return await _in_session(_engine(services), services, call, wish, check=False)


async def _in_session(engine: AsyncEngine, services: Services, call: Call, wish: Wish, *, check: bool) -> Answer:
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():

        async def effect() -> Answer:
            made = await _reckon(session, services, wish)
            booking = made.booking
            if check and await repository.nights_taken(session, booking.listing_id, booking.stay):
                raise NightsTaken
            place = await _place(session, booking.listing_id)
            await write_new(session, services.clock, place[0], booking, topic=TOPIC)
            await repository.take_nights(session, booking, now=booking.created_at)
            await instant.write_money(session, made)
            return _answer(made)

        answer, _ = await run_once(session, call, effect, now=services.clock.now())
        return answer


async def _orm(services: Services, call: Call, wish: Wish) -> Answer:
    engine = _engine(services)
    if not _Objects.prepared:
        async with engine.connect() as connection:
            await connection.run_sync(DeferredReflection.prepare)  # type: ignore[arg-type]  # its parameter has a name
        _Objects.prepared = True
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():

        async def effect() -> Answer:
            made = await _reckon(session, services, wish)
            booking, occupancy = made.booking, _Objects.occupancy
            await session.get(_Objects.listings, booking.listing_id, with_for_update={"key_share": True})
            nights = Range(booking.check_in, booking.check_out)
            taken = select(occupancy).where(
                occupancy.listing_id == booking.listing_id, occupancy.is_live, occupancy.stay.overlaps(nights)
            )
            if (await session.scalars(taken)).first() is not None:
                raise NightsTaken
            session.add(_Objects.bookings(**{name: getattr(booking, name) for name in COLUMNS}))
            await session.flush()
            session.add_all(_rows(made, nights, await _place(session, booking.listing_id)))
            return _answer(made)

        answer, _ = await run_once(session, call, effect, now=services.clock.now())
        return answer


def _rows(made: PaidBooking, nights: Range[Any], place: tuple[LockedListing, int]) -> list[Any]:
    """Every other row of a booking as an object."""
    booking, posting, at = made.booking, made.posting, made.booking.created_at
    kind, data = first_event(booking, TOPIC)
    body = body_of(kind, at=at, cause=made.cause, data=data)
    entry = {"listing_id": booking.listing_id, "booking_id": booking.booking_id}
    return [
        _Objects.occupancy(**entry, stay=nights, kind="booking", is_live=True, created_at=at),
        _Objects.events(
            booking_id=booking.booking_id,
            seq=1,
            kind=kind,
            occurred_at=at,
            actor_id=made.cause.actor_id,
            side=made.cause.side.value,
            cause=made.cause.reason,
            body=body,
            previous_hash=NOTHING_BEFORE,
            hash=hash_of(NOTHING_BEFORE, 1, body),
        ),
        _Objects.ledger(
            posting_key=posting.key,
            kind=posting.kind.value,
            booking_id=booking.booking_id,
            occurred_at=at,
            accounts=[each.account.value for each in posting.entries],
            currencies=[each.currency for each in posting.entries],
            amounts_minor=[each.minor for each in posting.entries],
        ),
        _Objects.payments(**asdict(made.payment)),
        _Objects.sagas(**asdict(made.saga)),
        _Objects.outbox(
            topic=TOPIC.value,
            market_key=place[0].market_key,
            listing_id=booking.listing_id,
            payload={name: None if value is None else str(value) for name, value in payload_of(booking).items()},
        ),
    ]


async def _reckon(session: AsyncSession, services: Services, wish: Wish) -> PaidBooking:
    keys = services.booking_keys
    quote = await quotes.verified(
        session, wish.quote_id, guest_id=wish.guest_id, signature=wish.signature, key=keys.quotes
    )
    receipt = instant.receipt_for(quote, wish, keys, now=services.clock.now())
    listing, fee = await _place(session, quote.listing_id)
    return compose(quote, listing, receipt, host_fee_bps=fee, now=services.clock.now())


async def _place(session: AsyncSession, listing_id: int) -> tuple[LockedListing, int]:
    """A listing as it is read without any lock, and the host's fee."""
    row = dict((await session.execute(_PLACE, {"listing_id": listing_id})).mappings().one())
    return LockedListing(**{name: row[name] for name in LockedListing.__dataclass_fields__}), row["host_fee_bps"]


def _answer(made: PaidBooking) -> Answer:
    return Answer(201, BookingOut.of(made.booking).model_dump(mode="json"))


def _engine(services: Services) -> AsyncEngine:
    engine: AsyncEngine = services.sessions.kw["bind"]
    return engine
