"""Booking at once over HTTP: the quick way and the usual one cannot be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from serving.instant_bookings.quick import PATH
from tests.serving.marketplace import Marketplace
from tests.serving.receipts import receipt_for
from tests.serving.test_bookings import STAY, SignIn
from transactional.bookings import instant

PLAIN = {"Content-Type": "application/json"}
USUAL = {"Content-Type": "application/json; charset=utf-8"}
"""The quick way takes plain JSON alone."""


@pytest.fixture
def usual_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The quotes that were booked, or refused, the usual way."""
    calls: list[str] = []
    book = instant.book

    async def noted(*args: Any) -> Any:
        calls.append(str(args[3].quote_id))
        return await book(*args)

    monkeypatch.setattr(instant, "book", noted)
    return calls


def wanted(client: TestClient, signed_in: SignIn, marketplace: Marketplace) -> dict[str, Any]:
    """What is sent to book the studio."""
    headers = signed_in(marketplace.guest)
    quoted = client.post("/v1/quotes", headers=headers, json=STAY | {"listing_id": marketplace.studio}).json()
    return {
        "quote_id": quoted["quote_id"],
        "signature": quoted["signature"],
        "receipt": receipt_for(quoted),
    }


def test_a_quote_is_booked_in_one_call(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, usual_calls: list[str]
) -> None:
    """Confirmed at once and there to be read; sent again it is the same and says so; counted under its route."""
    wish, headers = wanted(client, signed_in, marketplace), signed_in(marketplace.guest)
    made = client.post(PATH, headers=headers, json=wish)
    assert (made.status_code, made.json()["status"]) == (201, "confirmed")
    assert made.headers["X-Request-ID"]
    again = client.post(PATH, headers=headers, json=wish)
    assert (again.status_code, again.json()) == (201, made.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert usual_calls == []
    read = client.get(f"/v1/bookings/{made.json()['booking_id']}", headers=headers).json()
    assert read | made.json() == read
    assert read["payment"]["status"] == "authorised"
    assert f'method="POST",route="{PATH}",status="201"' in client.get("/metrics").text


def test_the_usual_way_answers_the_same(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, usual_calls: list[str]
) -> None:
    """The same members, and the first way's answer when a call comes again by the other."""
    wish, headers = wanted(client, signed_in, marketplace), signed_in(marketplace.guest)
    made = client.post(PATH, headers=headers | USUAL, json=wish)
    assert made.status_code == 201
    assert usual_calls == [wish["quote_id"]]
    quick = client.post(PATH, headers=headers, json=wish)
    assert (quick.json(), quick.headers["Idempotency-Replayed"]) == (made.json(), "true")


@dataclass(frozen=True)
class Wrong:
    """A call with one thing wrong, and the problem that it is.

    Attributes
    ----------
    wish, headers
        What is sent otherwise; a header of None is left out.
    caller
        Who sends it.
    before
        What is booked before: `nights`, the `quote` itself, or that with the very `key`.
    content
        What is sent instead of a wish.
    """

    status: int
    slug: str
    wish: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    caller: str = "guest"
    before: str = ""
    content: bytes | None = None


FORGED = "0" * 64
WRONG = {
    "another signature": Wrong(422, "quote-altered", {"signature": FORGED}),
    "a forged receipt": Wrong(422, "invalid-receipt", {"receipt": f"e30.{FORGED}"}),
    "no key": Wrong(422, "invalid-input", headers={"Idempotency-Key": None}),
    "a field too many": Wrong(422, "invalid-input", {"guests": 3}),
    "no quote": Wrong(422, "invalid-input", {"quote_id": "1"}),
    "no JSON": Wrong(422, "invalid-input", content=b"{"),
    "too large": Wrong(413, "content-too-large", content=b" " * 300_000),
    "another scheme": Wrong(401, "invalid-token", headers={"Authorization": "Basic YTpi"}),
    "no token": Wrong(401, "unauthenticated", headers={"Authorization": None}),
    "a bad token": Wrong(401, "invalid-token", headers={"Authorization": "Bearer x.y.z"}),
    "a host": Wrong(403, "forbidden", caller="host"),
    "another guest": Wrong(404, "quote-not-found", caller="other_guest"),
    "nights taken": Wrong(409, "stay-unavailable", before="nights"),
    "quote booked": Wrong(409, "quote-already-booked", before="quote"),
    "key used": Wrong(422, "idempotency-key-reused", {"signature": FORGED}, before="key"),
}


@pytest.mark.parametrize("name", WRONG)
def test_both_ways_refuse_in_the_same_words(
    name: str, client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Every kind of bad input is its own problem, and the same whichever way it comes: nothing is checked less."""
    wrong = WRONG[name]
    wish, headers = wanted(client, signed_in, marketplace), signed_in(getattr(marketplace, wrong.caller))
    if wrong.before:
        first = wanted(client, signed_in, marketplace) if wrong.before == "nights" else wish
        book(client, headers if wrong.before == "key" else signed_in(marketplace.guest), first)
    sent = {name: value for name, value in {**headers, **wrong.headers}.items() if value is not None}
    content = wrong.content or orjson.dumps({**wish, **wrong.wish})
    answers = [client.post(PATH, headers=sent | each, content=content) for each in (PLAIN, USUAL)]
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    quick, usual = ({key: value for key, value in answer.json().items() if key != "request_id"} for answer in answers)
    assert quick == usual
    assert (quick["status"], quick["type"]) == (wrong.status, f"/problems/{wrong.slug}")


def book(client: TestClient, headers: dict[str, str], wish: dict[str, Any]) -> None:
    """Book."""
    assert client.post(PATH, headers=headers, json=wish).status_code == 201


def test_a_body_in_pieces_goes_the_usual_way(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, usual_calls: list[str]
) -> None:
    """What the quick way has read of it is read again: the booking is made."""
    wish = wanted(client, signed_in, marketplace)
    app = client.app

    async def in_pieces(scope: Scope, receive: Receive, send: Send) -> None:
        """The application, with every body cut in two on its way there."""
        left: list[Message] = []

        async def cut() -> Message:
            if not left:
                message = await receive()
                body = message.get("body", b"")
                left.extend([{**message, "body": body[:9], "more_body": True}, {**message, "body": body[9:]}])
            return left.pop(0)

        await app(scope, cut if scope["type"] == "http" else receive, send)

    with TestClient(in_pieces) as cutting:
        made = cutting.post(PATH, headers=signed_in(marketplace.guest), json=wish)
    assert made.status_code == 201
    assert usual_calls == [wish["quote_id"]]


def test_a_server_that_is_away_is_a_503_with_a_word_when_to_come_again(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the driver says of a lost server is told as everywhere else; what it says of a fault of ours is a 500."""
    wish = wanted(client, signed_in, marketplace)
    for error, status in ((psycopg.OperationalError("gone"), 503), (psycopg.errors.CheckViolation("a row"), 500)):

        async def fails(*_: object, error: psycopg.Error = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(instant, "book_quickly", fails)
        answer = client.post(PATH, headers=signed_in(marketplace.guest), json=wish)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (status, "1" if status == 503 else None)
        assert answer.headers["Content-Type"] == "application/problem+json"
