"""Quote, hold, confirm and cancel over HTTP, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.serving.marketplace import Marketplace
from transactional.users.actors import Actor

SignIn = Callable[[Actor], dict[str, str]]
STAY = {"check_in": "2026-06-25", "check_out": "2026-06-28", "guests": 2}


def quote(client: TestClient, headers: dict[str, str], listing_id: int, **changes: Any) -> Any:
    """Ask for a quote."""
    return client.post("/v1/quotes", headers=headers, json={"listing_id": listing_id, **STAY, **changes})


def chosen(quoted: Any) -> dict[str, str]:
    """What a quote's answer is booked with."""
    return {name: quoted.json()[name] for name in ("quote_id", "signature")}


def hold(client: TestClient, signed_in: SignIn, actor: Actor, listing_id: int, **changes: Any) -> Any:
    """Hold the stay for an actor."""
    body = chosen(quote(client, signed_in(actor), listing_id, **changes))
    return client.post("/v1/bookings", headers=signed_in(actor), json=body).json()


def test_a_stay_is_quoted_held_confirmed_and_cancelled(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """The whole way of a booking works, and the total never changes on it."""
    quoted = quote(client, signed_in(marketplace.guest), marketplace.loft)
    assert quoted.status_code == 201
    total = quoted.json()["total"]
    assert sum(line["price"]["minor"] for line in quoted.json()["lines"]) == total["minor"]

    held = client.post("/v1/bookings", headers=signed_in(marketplace.guest), json=chosen(quoted))
    assert held.status_code == 201
    assert (held.json()["status"], held.json()["total"]) == ("held", total)

    path = f"/v1/bookings/{held.json()['booking_id']}"
    confirmed = client.post(f"{path}/confirm", headers=signed_in(marketplace.guest), json={"payment_method": "pm_ok"})
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "confirmed")

    cancelled = client.post(f"{path}/cancel", headers=signed_in(marketplace.host))
    assert (cancelled.json()["status"], cancelled.json()["cancelled_by"]) == ("cancelled", "host")
    again = client.post(f"{path}/cancel", headers=signed_in(marketplace.guest))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/booking-state-conflict")


def test_a_taken_night_is_a_conflict_that_names_it(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Who comes second learns which rule and which nights are in the way."""
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    refused = quote(client, signed_in(marketplace.other_guest), marketplace.loft)
    assert refused.status_code == 409
    problem = refused.json()
    assert (problem["type"], problem["rule"]) == ("/problems/stay-unavailable", "nights_taken")
    assert problem["nights"] == ["2026-06-25", "2026-06-26", "2026-06-27"]


def test_a_call_sent_again_is_answered_again_and_has_its_effect_once(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """The same key and body replay the first answer; the booking is made once."""
    body = chosen(quote(client, signed_in(marketplace.guest), marketplace.loft))
    headers = signed_in(marketplace.guest)
    first = client.post("/v1/bookings", headers=headers, json=body)
    second = client.post("/v1/bookings", headers=headers, json=body)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    mine = client.get("/v1/bookings", headers=signed_in(marketplace.guest)).json()["items"]
    assert [booking["booking_id"] for booking in mine] == [first.json()["booking_id"]]


def test_a_key_with_another_body_is_refused(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """A key cannot be used for a second wish."""
    headers = signed_in(marketplace.guest)
    assert quote(client, headers, marketplace.loft).status_code == 201
    reused = quote(client, headers, marketplace.studio)
    assert (reused.status_code, reused.json()["type"]) == (422, "/problems/idempotency-key-reused")


def test_a_failed_call_leaves_its_key_free(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """A refusal is not remembered: the same key works once the way is free."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    headers = signed_in(marketplace.other_guest)
    assert quote(client, headers, marketplace.loft).status_code == 409
    client.post(f"/v1/bookings/{held['booking_id']}/cancel", headers=signed_in(marketplace.guest))
    assert quote(client, headers, marketplace.loft).status_code == 201


def test_a_missing_key_is_named(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """An unsafe call without a key is refused with the header's name."""
    headers = signed_in(marketplace.guest)
    del headers["Idempotency-Key"]
    refused = quote(client, headers, marketplace.loft)
    assert refused.status_code == 422
    assert refused.json()["errors"][0] | {"message": ""} == {
        "location": "header",
        "field": "Idempotency-Key",
        "message": "",
    }


def test_hosts_see_the_bookings_of_their_listings(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """`as=host` lists what guests booked with the caller, and nothing of other hosts."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    seen = client.get("/v1/bookings?as=host", headers=signed_in(marketplace.host)).json()["items"]
    assert [booking["booking_id"] for booking in seen] == [held["booking_id"]]
    assert sum(line["price"]["minor"] for line in held["charge_lines"]) == held["charge"]["minor"]
    assert client.get("/v1/bookings?as=host", headers=signed_in(marketplace.other_host)).json()["items"] == []
    assert client.get("/v1/bookings?as=host", headers=signed_in(marketplace.guest)).json()["items"] == []


def test_a_list_is_narrowed_by_status_listing_and_reference(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Each parameter leaves out what does not fit; one that can fit nothing is named, not ignored."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    headers = signed_in(marketplace.host)

    def seen(narrowed: str) -> int:
        return len(client.get(f"/v1/bookings?as=host&{narrowed}", headers=headers).json()["items"])

    reference = held["reference"]
    assert [seen("status=held"), seen("status=requested&status=held"), seen("status=requested")] == [1, 1, 0]
    assert [seen(f"listing_id={held['listing_id']}"), seen(f"listing_id={held['listing_id'] + 1}")] == [1, 0]
    assert [seen(f"reference={reference.lower()}"), seen(f"reference={reference[::-1]}")] == [1, 0]
    mistaken = client.get("/v1/bookings?status=sold&reference=7", headers=headers)
    assert mistaken.status_code == 422
    assert {error["field"].split(".")[0] for error in mistaken.json()["errors"]} == {"status", "reference"}


def test_an_edited_quote_is_refused(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """Another quote's signature does not open this one, and nothing is held."""
    one, other = (quote(client, signed_in(marketplace.guest), marketplace.loft) for _ in range(2))
    body = chosen(one) | {"signature": other.json()["signature"]}
    refused = client.post("/v1/bookings", headers=signed_in(marketplace.guest), json=body)
    assert refused.json()["type"] == "/problems/quote-altered"
    assert client.get("/v1/bookings", headers=signed_in(marketplace.guest)).json()["items"] == []
