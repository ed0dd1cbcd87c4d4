"""The processor over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulation.processor.bank import Answer, Bank, Call
from simulation.processor.challenge import challenge_page
from simulation.processor.commands import Advance, Authorise, Capture, Confirm, GiveBack, PayOut, Target, Void
from simulation.processor.courier import Courier
from simulation.processor.faults import FaultPolicy, Luck, fate_of
from simulation.processor.methods import METHODS, Mishap, method_of
from simulation.processor.objects import Authorisation
from simulation.processor.report import report, report_all

MAX_KEY = 200
Body = TypeVar("Body", bound=BaseModel)


@dataclass
class Desk:
    """What the endpoints share.

    Attributes
    ----------
    start
        So manieth start on this file: with the seed and the number of a call since, it decides what goes wrong.
    """

    bank: Bank
    courier: Courier
    api_key: str
    seed: int
    start: int
    calls: itertools.count[int] = field(default_factory=itertools.count)

    def routes(self) -> list[Route]:
        """Every path."""
        return [
            Route("/healthz", _healthy),
            Route("/v1/authorisations", self._open(self.authorise), methods=["POST"]),
            Route("/v1/authorisations/{id}/capture", self._open(self.capture), methods=["POST"]),
            Route("/v1/authorisations/{id}/void", self._open(self.void), methods=["POST"]),
            Route("/v1/authorisations/{id}/confirm", self.ask, methods=["GET"]),
            Route("/v1/authorisations/{id}/confirm", self.confirm, methods=["POST"]),
            Route("/v1/refunds", self._open(self.refund), methods=["POST"]),
            Route("/v1/payouts", self._open(self.pay_out), methods=["POST"]),
            Route("/v1/objects/{id}", self._open(self.look)),
            Route("/v1/operations/{key}", self._open(self.operation)),
            Route("/v1/report", self._open(self.report)),
            Route("/v1/messages", self._open(self.messages)),
            Route("/v1/payment-methods", self._open(self.payment_methods)),
            Route("/v1/admin/faults", self._open(self.faults), methods=["GET", "PUT"]),
            Route("/v1/admin/clock", self._open(self.advance), methods=["POST"]),
            Route("/v1/admin/webhook", self._open(self.target), methods=["PUT"]),
        ]

    async def authorise(self, request: Request) -> Response:
        """Reserve an amount."""
        command, key, fingerprint = await _keyed_body(request, Authorise)
        method = method_of(command.payment_method)

        def run(*, declined: bool) -> Answer:
            return self.bank.authorise(Call("authorise", key, fingerprint, declined), command)

        return await self._do(run, decline=self.bank.policy.decline, mishap=method.authorising)

    async def capture(self, request: Request) -> Response:
        """Take a reserved amount."""
        command, key, fingerprint = await _keyed_body(request, Capture)
        number = request.path_params["id"]
        known = self.bank.store.find(Authorisation, number)

        def run(*, declined: bool) -> Answer:
            return self.bank.capture(Call("capture", key, fingerprint, declined), number, command)

        return await self._do(run, mishap=None if known is None else method_of(known.payment_method).capturing)

    async def void(self, request: Request) -> Response:
        """Give a reservation up."""
        _, key, fingerprint = await _keyed_body(request, Void)
        number = request.path_params["id"]

        def run(*, declined: bool) -> Answer:
            return self.bank.void(Call("void", key, fingerprint, declined), number)

        return await self._do(run)

    async def refund(self, request: Request) -> Response:
        """Give captured money back."""
        command, key, fingerprint = await _keyed_body(request, GiveBack)

        def run(*, declined: bool) -> Answer:
            return self.bank.refund(Call("refund", key, fingerprint, declined), command)

        return await self._do(run, decline=self.bank.policy.refund_decline)

    async def pay_out(self, request: Request) -> Response:
        """Send money to a host."""
        command, key, fingerprint = await _keyed_body(request, PayOut)

        def run(*, declined: bool) -> Answer:
            return self.bank.pay_out(Call("payout", key, fingerprint, declined), command)

        return await self._do(run, decline=self.bank.policy.payout_decline)

    async def ask(self, request: Request) -> Response:
        """The page on which a cardholder confirms."""
        found = self.bank.look(request.path_params["id"])
        if found.status != HTTPStatus.OK:
            return _respond(found)
        return HTMLResponse(challenge_page(found.body["object"]))

    async def confirm(self, request: Request) -> Response:
        """Have the cardholder confirm: who knows the address is the cardholder."""
        command = _read(await request.body() or b"{}", Confirm)
        return _respond(self.bank.confirm(request.path_params["id"], command))

    async def look(self, request: Request) -> Response:
        """What an object is now."""
        return _respond(self.bank.look(request.path_params["id"]))

    async def operation(self, request: Request) -> Response:
        """What a key stands for."""
        known = self.bank.store.operation(request.path_params["key"])
        if known is None:
            return _error(404, "no_such_operation")
        present = self.bank.look(known.object_id).body["object"]
        return _json(200, {"key": known.key, "kind": known.kind, "status": known.status, "object": present})

    async def report(self, request: Request) -> Response:
        """Who was charged what."""
        reference = request.query_params.get("reference")
        store = self.bank.store
        return _json(200, report_all(store) if reference is None else report(store, reference))

    async def messages(self, request: Request) -> Response:
        """Messages written, whether sent or not, a thousand at a time."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            return _error(400, "invalid_request", "after: a sequence number")
        return _json(200, {"messages": self.bank.store.messages(after=int(after), limit=1000)})

    async def payment_methods(self, _request: Request) -> Response:
        """The tokens, and what each does."""
        return _json(200, {token: method.meaning for token, method in METHODS.items()})

    async def faults(self, request: Request) -> Response:
        """How often what goes wrong; PUT says it anew."""
        if request.method == "PUT":
            self.bank.set_policy(_read(await request.body(), FaultPolicy))
        return _json(200, self.bank.policy.model_dump())

    async def advance(self, request: Request) -> Response:
        """Move the processor's clock."""
        self.bank.advance(_read(await request.body(), Advance).seconds)
        return _json(200, {"now": self.bank.now()})

    async def target(self, request: Request) -> Response:
        """Where messages go."""
        self.courier.send_to(_read(await request.body(), Target).url)
        return _json(200, {"url": self.courier.url})

    async def _do(self, run: Callable[..., Answer], *, decline: float = 0.0, mishap: Mishap | None = None) -> Response:
        """Do what is asked, unless fate is against it; answer, unless fate is against that.

        Parameters
        ----------
        mishap
            What the payment method does to the answer of the first call.
        """
        policy = self.bank.policy
        fate = fate_of(policy, Luck(self.seed, f"call {self.start}.{next(self.calls)}"), decline=decline)
        if fate.unheard:
            return await self._no_answer()
        if fate.broken:
            return _error(500, "internal_error")
        answer = run(declined=fate.declined)
        after = mishap if mishap is not None and answer.fresh else fate.after
        if after is Mishap.TIMEOUT_AFTER:
            return await self._no_answer()
        if after is Mishap.SLOW:
            await asyncio.sleep(policy.slow_seconds)
        return _respond(answer)

    async def _no_answer(self) -> Response:
        await asyncio.sleep(self.bank.policy.hang_seconds)
        return _error(504, "gateway_timeout")

    def _keyed(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        return self._open(endpoint)

    def _open(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Let those in who have the key."""

        async def guarded(request: Request) -> Response:
            sent = request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(sent, f"Bearer {self.api_key}".encode()):
                return _error(401, "unknown_key")
            return await endpoint(request)

        return guarded


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer what was refused before anything was done."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this type)
    return _error(error.status_code, "invalid_request", error.detail)


async def _healthy(_request: Request) -> Response:
    return _json(200, {"status": "ok"})


async def _keyed_body(request: Request, kind: type[Body]) -> tuple[Body, str, str]:
    """The body, its key, and the fingerprint of the call: a key belongs to one path and one body."""
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise HTTPException(400, "Idempotency-Key: 1 to 200 printable characters")
    command = _read(await request.body() or b"{}", kind)
    text = request.url.path.encode() + b"\n" + orjson.dumps(command.model_dump(), option=orjson.OPT_SORT_KEYS)
    return command, key, hashlib.sha256(text).hexdigest()


def _read(body: bytes, kind: type[Body]) -> Body:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise HTTPException(400, f"{place}: {first['msg']}") from None


def _respond(answer: Answer) -> Response:
    return _json(answer.status, answer.body)


def _error(status: int, code: str, message: str | None = None) -> Response:
    error = {"code": code} | ({} if message is None else {"message": message})
    return _json(status, {"error": error, "object": None})


def _json(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
