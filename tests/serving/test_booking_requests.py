"""Requests to book and the history of a booking over HTTP."""

from __future__ import annotations

from fastapi.testclient import TestClient

from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, chosen, hold, quote


def ask(client: TestClient, signed_in: SignIn, marketplace: Marketplace) -> dict[str, str]:
    """A guest's request for the studio."""
    quoted = quote(client, signed_in(marketplace.guest), marketplace.studio)
    body = chosen(quoted) | {"payment_method": "pm_ok"}
    answer = client.post("/v1/booking-requests", headers=signed_in(marketplace.guest), json=body)
    assert answer.status_code == 201, answer.text
    asked: dict[str, str] = answer.json()
    return asked


def test_host_declines_with_a_reason(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """The guest sees that and why the request was declined; a second answer is a conflict."""
    asked = ask(client, signed_in, marketplace)
    assert (asked["status"], asked["respond_by"]) == ("requested", "2026-06-16T12:00:00Z")
    path = f"/v1/booking-requests/{asked['booking_id']}"
    body = {"reason": "not_suitable"}
    assert client.post(f"{path}/decline", headers=signed_in(marketplace.host), json=body).status_code == 200
    seen = client.get(f"/v1/bookings/{asked['booking_id']}", headers=signed_in(marketplace.guest)).json()
    assert (seen["status"], seen["closed_because"]) == ("declined", "not_suitable")
    again = client.post(f"{path}/accept", headers=signed_in(marketplace.host))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/booking-state-conflict")


def test_a_card_number_is_no_payment_method(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """What is not a token of the processor's form is refused at the edge, and nothing is written."""
    quoted = quote(client, signed_in(marketplace.guest), marketplace.studio)
    body = chosen(quoted) | {"payment_method": "4242 4242 4242 4242"}
    refused = client.post("/v1/booking-requests", headers=signed_in(marketplace.guest), json=body)
    assert refused.status_code == 422
    assert client.get("/v1/bookings", headers=signed_in(marketplace.guest)).json()["items"] == []


def test_history_shows_what_was_seen_then(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """After a cancellation the booking is still what it was at an earlier instant; before it was made it is not."""
    booking_id = hold(client, signed_in, marketplace.guest, marketplace.loft)["booking_id"]
    path = f"/v1/bookings/{booking_id}"
    client.post(f"{path}/cancel", headers=signed_in(marketplace.guest))
    now = client.get(f"{path}/history", headers=signed_in(marketplace.host)).json()
    assert [event["kind"] for event in now["events"]] == ["held", "cancelled"]
    assert now["booking"]["status"] == "cancelled"
    before = client.get(f"{path}/history?at=2026-06-01T00:00:00Z", headers=signed_in(marketplace.host))
    assert (before.status_code, before.json()["type"]) == (404, "/problems/not-yet-then")
    naive = client.get(f"{path}/history?at=2026-06-01T00:00:00", headers=signed_in(marketplace.host))
    assert (naive.status_code, naive.json()["errors"][0]["field"]) == (422, "at")
