"""Who may do what: every operation, as every kind of caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn

CALLERS = ("nobody", "guest", "other_guest", "host", "other_host", "admin")
NIGHTS = {"from": "2026-07-01", "to": "2026-07-04"}
SEASON = NIGHTS | {"name": "Fair", "price_bps": 20_000, "min_stay": None}


@dataclass(frozen=True)
class Operation:
    """A call and what it answers each of :data:`CALLERS`, in that order; `{…}` stand for numbers of the marketplace."""

    method: str
    path: str
    route: str
    expected: tuple[int, int, int, int, int, int]
    body: Any = None


# The booking is the guest's, in the host's loft; the quote is the guest's; the other host and guest are strangers.
OPERATIONS = {
    "search": Operation("GET", "/v1/search", "/v1/search", (200,) * 6),
    "suggest": Operation("GET", "/v1/suggest?q=lis", "/v1/suggest", (200,) * 6),
    "listing": Operation("GET", "/v1/listings/{loft}", "/v1/listings/{listing_id}", (200,) * 6),
    "reviews": Operation("GET", "/v1/listings/{loft}/reviews", "/v1/listings/{listing_id}/reviews", (200,) * 6),
    "events": Operation(
        "POST",
        "/v1/events",
        "/v1/events",
        (202,) * 6,
        {
            "events": [
                {
                    "type": "click",
                    "event_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
                    "search_id": "01930f6e-1f00-7b0a-9d5e-5b7e7f8f2a10",
                    "listing_id": 1,
                    "position": 1,
                    "proof": "0" * 32,
                }
            ]
        },
    ),
    "processor's message": Operation(  # whoever calls, the signature decides
        "POST", "/v1/webhooks/processor", "/v1/webhooks/processor", (403,) * 6, {"id": "msg_1"}
    ),
    "quote": Operation(
        "POST",
        "/v1/quotes",
        "/v1/quotes",
        (401, 201, 201, 403, 403, 201),
        STAY | {"listing_id": "{studio}"},
    ),
    "hold": Operation(
        "POST",
        "/v1/bookings",
        "/v1/bookings",
        (401, 201, 404, 403, 403, 404),
        {"quote_id": "{quote}", "signature": "{signature}"},
    ),
    "bookings": Operation("GET", "/v1/bookings", "/v1/bookings", (401, 200, 200, 200, 200, 200)),
    "booking": Operation("GET", "/v1/bookings/{booking}", "/v1/bookings/{booking_id}", (401, 200, 404, 200, 404, 200)),
    "confirm": Operation(
        "POST",
        "/v1/bookings/{booking}/confirm",
        "/v1/bookings/{booking_id}/confirm",
        (401, 200, 404, 403, 403, 200),
        {"payment_method": "pm_ok"},
    ),
    "cancel": Operation(
        "POST",
        "/v1/bookings/{booking}/cancel",
        "/v1/bookings/{booking_id}/cancel",
        (401, 200, 404, 200, 404, 200),
    ),
    "history": Operation(
        "GET",
        "/v1/bookings/{booking}/history",
        "/v1/bookings/{booking_id}/history",
        (401, 200, 404, 200, 404, 200),
    ),
    "ask the host": Operation(
        "POST",
        "/v1/booking-requests",
        "/v1/booking-requests",
        (401, 201, 404, 403, 403, 404),
        {"quote_id": "{quote}", "signature": "{signature}", "payment_method": "pm_ok"},
    ),
    "accept": Operation(
        "POST",
        "/v1/booking-requests/{request}/accept",
        "/v1/booking-requests/{booking_id}/accept",
        (401, 403, 404, 200, 404, 200),
    ),
    "decline": Operation(
        "POST",
        "/v1/booking-requests/{request}/decline",
        "/v1/booking-requests/{booking_id}/decline",
        (401, 403, 404, 200, 404, 200),
    ),
    "preview of a cancellation": Operation(
        "GET",
        "/v1/bookings/{booking}/cancellation",
        "/v1/bookings/{booking_id}/cancellation",
        (401, 200, 404, 200, 404, 200),
    ),
    # The booking is a hold, which no guest can have missed or left.
    "no-show": Operation(
        "POST",
        "/v1/bookings/{booking}/no-show",
        "/v1/bookings/{booking_id}/no-show",
        (401, 403, 404, 409, 404, 409),
    ),
    "early departure": Operation(
        "POST",
        "/v1/bookings/{booking}/early-departure",
        "/v1/bookings/{booking_id}/early-departure",
        (401, 409, 404, 409, 404, 409),
    ),
    "propose modification": Operation(
        "POST",
        "/v1/bookings/{confirmed}/modifications",
        "/v1/bookings/{booking_id}/modifications",
        (401, 201, 404, 201, 404, 201),
        {"guests": 1},
    ),
    "modifications": Operation(
        "GET",
        "/v1/bookings/{modified}/modifications",
        "/v1/bookings/{booking_id}/modifications",
        (401, 200, 404, 200, 404, 200),
    ),
    "modification": Operation(
        "GET",
        "/v1/bookings/{modified}/modifications/{modification}",
        "/v1/bookings/{booking_id}/modifications/{modification_id}",
        (401, 200, 404, 200, 404, 200),
    ),
    "approve modification": Operation(
        "POST",
        "/v1/bookings/{modified}/modifications/{modification}/approve",
        "/v1/bookings/{booking_id}/modifications/{modification_id}/approve",
        (401, 403, 404, 200, 404, 200),
    ),
    "decline modification": Operation(
        "POST",
        "/v1/bookings/{modified}/modifications/{modification}/decline",
        "/v1/bookings/{booking_id}/modifications/{modification_id}/decline",
        (401, 403, 404, 200, 404, 200),
    ),
    "withdraw modification": Operation(
        "POST",
        "/v1/bookings/{modified}/modifications/{modification}/withdraw",
        "/v1/bookings/{booking_id}/modifications/{modification_id}/withdraw",
        (401, 200, 404, 403, 404, 200),
    ),
    "host calendar": Operation(
        "GET",
        "/v1/listings/{loft}/calendar",
        "/v1/listings/{listing_id}/calendar",
        (401, 403, 403, 200, 404, 200),
    ),
    "edit nights": Operation(
        "PATCH",
        "/v1/listings/{loft}/calendar/nights",
        "/v1/listings/{listing_id}/calendar/nights",
        (401, 403, 403, 200, 404, 200),
        {"ranges": [NIGHTS], "set": {"price_minor": 9900}},
    ),
    "rate plan": Operation(
        "GET",
        "/v1/listings/{loft}/rate-plan",
        "/v1/listings/{listing_id}/rate-plan",
        (401, 403, 403, 200, 404, 200),
    ),
    "edit rate plan": Operation(
        "PATCH",
        "/v1/listings/{loft}/rate-plan",
        "/v1/listings/{listing_id}/rate-plan",
        (401, 403, 403, 200, 404, 200),
        {"cleaning_fee_minor": 2500},
    ),
    "seasons": Operation(
        "GET",
        "/v1/listings/{loft}/seasons",
        "/v1/listings/{listing_id}/seasons",
        (401, 403, 403, 200, 404, 200),
    ),
    "add season": Operation(
        "POST",
        "/v1/listings/{loft}/seasons",
        "/v1/listings/{listing_id}/seasons",
        (401, 403, 403, 201, 404, 201),
        SEASON,
    ),
    "change season": Operation(
        "PUT",
        "/v1/listings/{loft}/seasons/{season}",
        "/v1/listings/{listing_id}/seasons/{season_id}",
        (401, 403, 403, 200, 404, 200),
        SEASON | {"min_stay": 2},
    ),
    "remove season": Operation(
        "DELETE",
        "/v1/listings/{loft}/seasons/{season}",
        "/v1/listings/{listing_id}/seasons/{season_id}",
        (401, 403, 403, 204, 404, 204),
    ),
    "set active": Operation(
        "PUT",
        "/v1/listings/{loft}/active",
        "/v1/listings/{listing_id}/active",
        (401, 403, 403, 204, 404, 204),
        {"active": False},
    ),
    "block": Operation(
        "PUT",
        "/v1/listings/{loft}/calendar/blocks",
        "/v1/listings/{listing_id}/calendar/blocks",
        (401, 403, 403, 204, 404, 204),
        NIGHTS,
    ),
    "unblock": Operation(
        "DELETE",
        "/v1/listings/{loft}/calendar/blocks?from=2026-07-01&to=2026-07-04",
        "/v1/listings/{listing_id}/calendar/blocks",
        (401, 403, 403, 204, 404, 204),
    ),
    "price suggestions": Operation(
        "GET",
        "/v1/listings/{loft}/price-suggestions?from=2026-07-01&to=2026-07-04",
        "/v1/listings/{listing_id}/price-suggestions",
        (401, 403, 403, 200, 404, 200),
    ),
    "add feed": Operation(
        "POST",
        "/v1/listings/{loft}/feeds",
        "/v1/listings/{listing_id}/feeds",
        (401, 403, 403, 201, 404, 201),
        {"name": "Airbnb", "url": "{url}"},
    ),
    "feeds": Operation(
        "GET", "/v1/listings/{loft}/feeds", "/v1/listings/{listing_id}/feeds", (401, 403, 403, 200, 404, 200)
    ),
    "remove feed": Operation(
        "DELETE",
        "/v1/listings/{loft}/feeds/{feed}",
        "/v1/listings/{listing_id}/feeds/{feed_id}",
        (401, 403, 403, 204, 404, 204),
    ),
    "read feed": Operation(
        "POST",
        "/v1/listings/{loft}/feeds/{feed}/read",
        "/v1/listings/{listing_id}/feeds/{feed_id}/read",
        (401, 403, 403, 202, 404, 202),
    ),
    "feed events": Operation(
        "GET",
        "/v1/listings/{loft}/feed-events",
        "/v1/listings/{listing_id}/feed-events",
        (401, 403, 403, 200, 404, 200),
    ),
    "give calendar out": Operation(
        "POST",
        "/v1/listings/{loft}/calendar-tokens",
        "/v1/listings/{listing_id}/calendar-tokens",
        (401, 403, 403, 201, 404, 201),
    ),
    "calendar tokens": Operation(
        "GET",
        "/v1/listings/{loft}/calendar-tokens",
        "/v1/listings/{listing_id}/calendar-tokens",
        (401, 403, 403, 200, 404, 200),
    ),
    "revoke calendar token": Operation(
        "DELETE",
        "/v1/listings/{loft}/calendar-tokens/{token}",
        "/v1/listings/{listing_id}/calendar-tokens/{token_id}",
        (401, 403, 403, 204, 404, 204),
    ),
    "calendar given out": Operation("GET", "{calendar}", "/v1/calendars/{token}.ics", (200,) * 6),
    "reload": Operation("POST", "/v1/admin/reload", "/v1/admin/reload", (401, 403, 403, 403, 403, 200)),
}
OPEN = {"/healthz", "/readyz", "/metrics", "/problems", "/problems/{slug}"}
"""Of the process itself: anybody, nothing of anybody's."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_caller_gets_what_is_theirs(
    name: str, client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """The right ones pass, a wrong role is a 403, somebody else's thing does not exist, nobody must sign in."""
    operation = OPERATIONS[name]
    for round_, caller in enumerate(CALLERS):
        known = things(client, marketplace, signed_in, days=7 * round_)
        headers = {} if caller == "nobody" else signed_in(getattr(marketplace, caller))
        headers["If-Match"] = "*"
        answer = client.request(
            operation.method, operation.path.format(**known), headers=headers, json=filled(operation.body, known)
        )
        assert answer.status_code == operation.expected[round_], (caller, answer.text)
        if answer.is_error:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert "WWW-Authenticate" in answer.headers or answer.status_code != 401


def things(client: TestClient, marketplace: Marketplace, signed_in: SignIn, *, days: int) -> dict[str, Any]:
    """The guest's quote, request and booking, on nights that no other caller's turn has."""
    first = date(2026, 8, 1) + timedelta(days=days)
    stay = {"check_in": str(first), "check_out": str(first + timedelta(days=3)), "guests": 2}
    on = client.put(
        f"/v1/listings/{marketplace.loft}/active", headers=signed_in(marketplace.admin), json={"active": True}
    )
    assert on.status_code == 204

    def post(path: str, body: dict[str, Any], *, by: Any = marketplace.guest) -> Any:
        answer = client.post(path, headers=signed_in(by), json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def quote(listing_id: int) -> dict[str, Any]:
        quoted = post("/v1/quotes", stay | {"listing_id": listing_id})
        return {name: quoted[name] for name in ("quote_id", "signature")}

    quoted = quote(marketplace.studio)
    request = post("/v1/booking-requests", quote(marketplace.studio) | {"payment_method": "pm_ok"})
    held = post("/v1/bookings", quote(marketplace.loft))
    season = post(f"/v1/listings/{marketplace.loft}/seasons", SEASON, by=marketplace.host)
    return (
        {
            "season": season["season_id"],
            "loft": marketplace.loft,
            "studio": marketplace.studio,
            "quote": quoted["quote_id"],
            "signature": quoted["signature"],
            "request": request["booking_id"],
            "booking": held["booking_id"],
        }
        | known_feed(client, marketplace, signed_in, days=days)
        | known_modification(client, marketplace, signed_in, days)
    )


def known_modification(client: TestClient, marketplace: Marketplace, signed_in: SignIn, days: int) -> dict[str, Any]:
    """Two confirmed bookings of the guest's in the loft, and what the guest proposes for one of them."""

    def post(path: str, body: dict[str, Any]) -> Any:
        answer = client.post(path, headers=signed_in(marketplace.guest), json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    numbers = []
    for night in (date(2026, 8, 5) + timedelta(days=days), date(2026, 8, 6) + timedelta(days=days)):
        stay = {"check_in": str(night), "check_out": str(night + timedelta(days=1)), "guests": 2}
        quoted = post("/v1/quotes", stay | {"listing_id": marketplace.loft})
        held = post("/v1/bookings", {name: quoted[name] for name in ("quote_id", "signature")})
        numbers.append(post(f"/v1/bookings/{held['booking_id']}/confirm", {"payment_method": "pm_ok"})["booking_id"])
    confirmed, modified = numbers
    wish = {"guests": 3, "payment_method": "pm_ok"}
    proposed = post(f"/v1/bookings/{modified}/modifications", wish)
    return {"confirmed": confirmed, "modified": modified, "modification": proposed["modification_id"]}


def known_feed(client: TestClient, marketplace: Marketplace, signed_in: SignIn, *, days: int) -> dict[str, Any]:
    """A feed of the loft, and an address of its calendar."""
    loft, host = f"/v1/listings/{marketplace.loft}", marketplace.host
    sent = {"name": "Vrbo", "url": f"https://vrbo.example/{days}.ics"}
    feed = client.post(f"{loft}/feeds", headers=signed_in(host), json=sent).json()
    token = client.post(f"{loft}/calendar-tokens", headers=signed_in(host)).json()
    return {
        "feed": feed["feed_id"],
        "token": token["token_id"],
        "calendar": token["path"],
        "url": f"https://airbnb.example/{days}.ics",
    }


def filled(body: Any, known: dict[str, Any]) -> Any:
    """A body with the marketplace's numbers in it."""
    if not isinstance(body, dict):
        return body
    return {name: known.get(str(value).strip("{}"), value) for name, value in body.items()}


def test_the_matrix_has_every_operation(client: TestClient) -> None:
    """An operation that nobody thought about here fails this test."""
    assert isinstance(client.app, FastAPI)
    document = client.app.openapi()
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods if path not in OPEN
    }
    assert described == {(operation.method, operation.route) for operation in OPERATIONS.values()}
