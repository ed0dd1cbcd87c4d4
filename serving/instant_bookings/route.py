"""The quick way through the framework, beside the usual one.

A call that is in order is answered here: token, role, key and body are checked by the very objects that the
usual way has them checked by, without solving dependencies. Whatever is not in order, or not simple, is
left to the endpoint as it is declared and documented; it finds a request that nobody has answered.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError

from lodestay.errors import LodestayError
from serving.bookings.schemas import BookingOut
from serving.dependencies import Require, services_of
from serving.idempotency import REPLAYED
from serving.instant_bookings.schemas import InstantBookingIn
from transactional.bookings import instant
from transactional.bookings.instant import Booked, Wish
from transactional.bookings.records import BookingRecord
from transactional.kit.idempotency import Answer, Call, hash_body
from transactional.users.actors import Role

_JSON = "application/json"
_require_guest = Require(Role.GUEST)


class QuickRoute(APIRoute):
    """A route that answers simple calls itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Try the quick way, then go the usual one."""
        usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await _book_quickly(request) or await usual(request)

        return handle


async def _book_quickly(request: Request) -> Response | None:
    """Answer a call that is in order; None for any other."""
    read = await _read(request)
    if read is None:
        return None
    wish, call = read
    services = services_of(request)
    async with services.quick.connection() as connection:
        booked = await instant.book_quickly(
            connection, services.clock, services.booking_keys, wish, call=call, answer=_answer
        )
    return None if booked is None else _response(booked)


async def _read(request: Request) -> tuple[Wish, Call] | None:
    """Who wants what, where everything that was sent is as it should be."""
    headers = request.headers
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    key = headers.get("Idempotency-Key", "")
    if scheme.lower() != "bearer" or headers.get("Content-Type") != _JSON:
        return None
    sent = await request.body()
    try:
        actor = _require_guest(services_of(request).tokens.actor_of(token.strip()))
        wish = InstantBookingIn.model_validate_json(sent).wish_of(actor)
        call = Call(
            actor=str(actor.user_id),
            method=request.method,
            route=request.url.path,
            key=key,
            body_hash=hash_body(sent),
        )
    except (LodestayError, ValidationError):
        return None
    return wish, call


def _answer(booking: BookingRecord) -> Answer:
    return Answer(201, BookingOut.of(booking).model_dump(mode="json"))


def _response(booked: Booked) -> Response:
    headers = {REPLAYED: "true"} if booked.replayed else None
    return Response(orjson.dumps(booked.answer.body), booked.answer.status, headers, media_type=_JSON)
