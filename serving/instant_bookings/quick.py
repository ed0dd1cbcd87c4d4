"""The quick way through the framework, beside the usual one.

A call that is in order is answered here: token, role, key and body are checked by the very objects that the
usual way has them checked by, without routing and without solving dependencies. Whatever is not in order,
or not simple, goes on to the endpoint as it is declared and documented, which finds a call that nobody has
answered. It stands inside `RequestContext`, so these calls have their ids, log lines and metrics as all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import orjson
import psycopg
from fastapi import Request, Response
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lodestay.errors import LodestayError
from serving.bookings.schemas import BookingOut
from serving.dependencies import Require
from serving.idempotency import REPLAYED
from serving.instant_bookings.schemas import InstantBookingIn
from serving.problems import on_database_error, on_domain_error
from serving.state import Services
from transactional.bookings import instant
from transactional.bookings.instant import Wish
from transactional.bookings.records import BookingRecord
from transactional.kit.idempotency import Answer, Call, hash_body
from transactional.users.actors import Role

PATH: Final = "/v1/instant-bookings"
_METHOD: Final = "POST"
_JSON: Final = "application/json"
_guests = Require(Role.GUEST)


@dataclass(frozen=True)
class _Route:
    """Names the route to whoever logs and counts."""

    path: str


class QuickBookings:
    """Answers instant bookings that are simple; hands everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != _METHOD:
            await self.app(scope, receive, send)
            return
        first = await receive()
        response = None
        if first["type"] == "http.request" and not first.get("more_body", False):
            response = await _answer(scope, first.get("body", b""))
        if response is None:
            await self.app(scope, _again(first, receive), send)
        else:
            scope["route"] = _Route(PATH)
            await response(scope, receive, send)


def _again(first: Message, receive: Receive) -> Receive:
    """Say the first message once more, then go on."""
    said = False

    async def replay() -> Message:
        nonlocal said
        if said:
            return await receive()
        said = True
        return first

    return replay


async def _answer(scope: Scope, body: bytes) -> Response | None:
    """Answer a call that is in order; None for any other."""
    services = cast("Services", scope["state"]["services"])
    read = _read(scope, services, body)
    if read is None:
        return None
    wish, call = read
    try:
        async with services.quick.connection() as connection:
            booked = await instant.book_quickly(
                connection, services.clock, services.booking_keys, wish, call=call, answer=_written
            )
    except LodestayError as error:
        return on_domain_error(Request(scope), error)
    except psycopg.Error as error:
        return on_database_error(Request(scope), error)
    if booked is None:
        return None
    headers = {REPLAYED: "true"} if booked.replayed else None
    return Response(orjson.dumps(booked.answer.body), booked.answer.status, headers, media_type=_JSON)


def _read(scope: Scope, services: Services, body: bytes) -> tuple[Wish, Call] | None:
    """Who wants what, where everything that was sent is as it should be."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or headers.get(b"content-type") != _JSON.encode():
        return None
    try:
        actor = _guests.permitted(services.tokens.actor_of(token.strip()))
        wish = InstantBookingIn.model_validate_json(body).wish_of(actor)
        call = Call(
            actor=str(actor.user_id),
            method=_METHOD,
            route=PATH,
            key=headers.get(b"idempotency-key", b"").decode("latin-1"),
            body_hash=hash_body(body),
        )
    except (LodestayError, ValidationError):
        return None
    return wish, call


def _written(booking: BookingRecord) -> Answer:
    return Answer(201, BookingOut.of(booking).model_dump(mode="json"))
