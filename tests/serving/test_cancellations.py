"""Ending a booking early, over HTTP, on a real database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from lodestay.clock import FixedClock
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, hold

STARTS_AT = "2026-06-25T14:00:00Z"


def confirmed(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> tuple[str, Any]:
    """Path of a confirmed booking of three nights in the loft, ten days ahead, and the booking."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    path = f"/v1/bookings/{held['booking_id']}"
    paid = {"payment_method": "pm_ok"}
    return path, client.post(f"{path}/confirm", headers=signed_in(marketplace.guest), json=paid).json()


def test_what_is_shown_is_what_goes_back(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, clock: FixedClock
) -> None:
    """The preview tells amounts and deadlines by component; cancelling answers with the same breakdown."""
    path, booking = confirmed(client, marketplace, signed_in)
    clock.advance(timedelta(days=6))
    headers = signed_in(marketplace.guest)
    shown = client.get(f"{path}/cancellation", headers=headers).json()
    assert shown["policy"] == "moderate"
    assert [(step["until"], step["ground"]) for step in shown["deadlines"]] == [(STARTS_AT, "policy")]
    assert shown["deadlines"][0]["refund"] == shown["refund"]["total"]

    sent = {"headers": headers, "json": {"reason": "changed_plans"}}
    cancelled = client.post(f"{path}/cancel", **sent)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    refund = cancelled.json()["refund"]
    assert refund == shown["refund"]
    assert sum(line["refund"]["minor"] for line in refund["lines"]) == refund["total"]["minor"]
    assert sum(line["paid"]["minor"] for line in refund["lines"]) == booking["total"]["minor"]
    assert {line["component"]: line["refund"]["minor"] for line in refund["lines"]}["service_fee"] == 0

    read = client.get(path, headers=headers)
    assert (read.json()["refund"], read.headers["ETag"]) == (refund, f'"{cancelled.json()["version"]}"')
    assert (refund["payout"], refund["penalty"]) == (None, None)
    seen_by_host = client.get(path, headers=signed_in(marketplace.host)).json()["refund"]
    assert seen_by_host["payout"]["minor"] > 0
    assert seen_by_host | {"payout": None} == refund

    again = client.post(f"{path}/cancel", **sent)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (cancelled.json(), "true")
    gone = client.get(f"{path}/cancellation", headers=signed_in(marketplace.guest))
    assert (gone.status_code, gone.json()["type"]) == (409, "/problems/booking-state-conflict")


def test_hold_is_cancelled_without_a_refund(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """Nothing was charged, so that nothing goes back; a body is not needed."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    path = f"/v1/bookings/{held['booking_id']}"
    shown = client.get(f"{path}/cancellation", headers=signed_in(marketplace.guest)).json()
    assert (shown["refund"], shown["deadlines"]) == (None, [])
    cancelled = client.post(f"{path}/cancel", headers=signed_in(marketplace.guest))
    assert (cancelled.json()["status"], cancelled.json()["refund"]) == ("cancelled", None)


def test_host_sees_what_cancelling_costs(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """The guest would have everything back, and the host would owe a penalty."""
    path, booking = confirmed(client, marketplace, signed_in)
    shown = client.get(f"{path}/cancellation", headers=signed_in(marketplace.host)).json()["refund"]
    assert (shown["ground"], shown["total"]) == ("host_cancelled", booking["total"])
    assert shown["penalty"]["minor"] > 0
    assert client.post(f"{path}/cancel", headers=signed_in(marketplace.host)).json()["refund"] == shown
    assert client.get(path, headers=signed_in(marketplace.host)).json()["refund"] == shown
    guests = client.get(path, headers=signed_in(marketplace.guest)).json()["refund"]
    assert guests == shown | {"payout": None, "penalty": None}


def test_no_text_is_taken_for_a_reason(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> None:
    """A reason is one of the codes; anything else is refused, and the booking stands."""
    path, _ = confirmed(client, marketplace, signed_in)
    for body in ({"reason": "My name is Ana and I am ill"}, {"because": "emergency"}, {"reason": None}):
        refused = client.post(f"{path}/cancel", headers=signed_in(marketplace.guest), json=body)
        assert refused.status_code == 422
    assert client.get(path, headers=signed_in(marketplace.guest)).json()["status"] == "confirmed"


def test_no_show_and_early_departure_wait_for_the_stay(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, clock: FixedClock
) -> None:
    """Before it they are conflicts that say when it begins; a day into it the guest leaves, once."""
    path, _ = confirmed(client, marketplace, signed_in)
    for verb, actor in (("no-show", marketplace.host), ("early-departure", marketplace.guest)):
        early = client.post(f"{path}/{verb}", headers=signed_in(actor))
        assert (early.status_code, early.json()["type"]) == (409, "/problems/stay-has-not-begun")
        assert early.json()["starts_at"] == STARTS_AT.replace("Z", "+00:00")
    clock.advance(timedelta(days=11, hours=4))
    left = client.post(f"{path}/early-departure", headers=signed_in(marketplace.guest)).json()
    assert (left["status"], left["check_out"], left["refund"]["ground"]) == (
        "completed",
        "2026-06-26",
        "policy_during_stay",
    )
    late = client.post(f"{path}/no-show", headers=signed_in(marketplace.host))
    assert (late.status_code, late.json()["type"]) == (409, "/problems/booking-state-conflict")


def test_stay_that_is_over_is_named(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, clock: FixedClock
) -> None:
    """After check-out there is nothing to cancel."""
    path, _ = confirmed(client, marketplace, signed_in)
    clock.advance(timedelta(days=13))
    for answer in (
        client.post(f"{path}/cancel", headers=signed_in(marketplace.guest)),
        client.get(f"{path}/cancellation", headers=signed_in(marketplace.guest)),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/stay-is-over")
