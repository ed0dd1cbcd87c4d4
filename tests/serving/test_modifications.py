"""Modifications over HTTP: proposed, answered, refused."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn
from tests.transactional.payments.fake_gateway import FakeGateway
from transactional.users.actors import Actor


@pytest.fixture
def path(client: TestClient, marketplace: Marketplace, signed_in: SignIn) -> str:
    """Address of the modifications of a confirmed booking of the guest's, of three nights for two in the loft."""

    def post(path: str, body: dict[str, Any]) -> Any:
        answer = client.post(path, headers=signed_in(marketplace.guest), json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    quoted = post("/v1/quotes", STAY | {"listing_id": marketplace.loft})
    held = post("/v1/bookings", {name: quoted[name] for name in ("quote_id", "signature")})
    booking_id = post(f"/v1/bookings/{held['booking_id']}/confirm", {"payment_method": "pm_ok"})["booking_id"]
    return f"/v1/bookings/{booking_id}/modifications"


def test_a_guest_proposes_and_the_host_agrees(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, path: str
) -> None:
    """A cheaper stay: shown with its whole price and the difference, agreed to, applied at once."""
    proposed = client.post(path, headers=signed_in(marketplace.guest), json={"check_out": "2026-06-27"}).json()
    assert (proposed["status"], proposed["awaits"]) == ("proposed", ["host", "platform"])
    assert sum(line["price"]["minor"] for line in proposed["lines"]) == proposed["total"]["minor"]
    assert proposed["difference"]["minor"] == -14_400
    one = f"{path}/{proposed['modification_id']}"
    assert client.get(one, headers=signed_in(marketplace.host)).json() == proposed
    agreed = client.post(f"{one}/approve", headers=signed_in(marketplace.host)).json()
    assert (agreed["status"], agreed["awaits"]) == ("applied", [])
    booking = client.get(path.removesuffix("/modifications"), headers=signed_in(marketplace.guest)).json()
    assert (booking["check_out"], booking["total"], booking["version"]) == ("2026-06-27", agreed["total"], 3)
    assert client.get(path, headers=signed_in(marketplace.guest)).json() == {"items": [agreed]}


def test_a_dearer_stay_is_paid_before_it_changes(
    *, client: TestClient, marketplace: Marketplace, signed_in: SignIn, path: str, processor: FakeGateway
) -> None:
    """The host names a price, the guest agrees and pays with another card; then the booking is what was agreed."""
    wish = {"nights_price_minor": 50_000, "reason": "The pool is open again."}
    proposed = client.post(path, headers=signed_in(marketplace.host), json=wish).json()
    assert (proposed["proposed_by"], proposed["awaits"], proposed["reason"]) == ("host", ["guest"], wish["reason"])
    approve = f"{path}/{proposed['modification_id']}/approve"
    agreed = client.post(approve, headers=signed_in(marketplace.guest), json={"payment_method": "pm_other"}).json()
    assert agreed["status"] == "paying"
    done = client.get(approve.removesuffix("/approve"), headers=signed_in(marketplace.guest)).json()
    assert (done["status"], done["payment"]["amount"]) == ("applied", done["difference"])
    assert client.get(path, headers=signed_in(marketplace.host)).json()["items"][0]["payment"] is None
    booking = client.get(path.removesuffix("/modifications"), headers=signed_in(marketplace.guest)).json()
    assert (booking["version"], booking["charge"]) == (3, done["charge"])
    assert processor.charged(booking["booking_id"]) == done["charge"]["minor"]


def test_a_cardholder_is_told_where_to_confirm(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, path: str
) -> None:
    """3-D Secure: the payment on top waits for the guest, and so does the booking."""
    wish = {"check_out": "2026-06-29", "payment_method": "pm_3ds"}
    one = f"{path}/{client.post(path, headers=signed_in(marketplace.guest), json=wish).json()['modification_id']}"
    assert client.post(f"{one}/approve", headers=signed_in(marketplace.host)).json()["payment"] is None
    waiting = client.get(one, headers=signed_in(marketplace.guest)).json()
    assert (waiting["status"], waiting["payment"]["status"]) == ("paying", "action_required")
    assert waiting["payment"]["action_url"]


def test_a_declined_payment_leaves_the_booking(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, path: str
) -> None:
    """The modification has failed and says why."""
    wish = {"check_out": "2026-06-29", "payment_method": "pm_declined"}
    proposed = client.post(path, headers=signed_in(marketplace.guest), json=wish).json()
    one = f"{path}/{proposed['modification_id']}"
    assert client.post(f"{one}/approve", headers=signed_in(marketplace.host)).json()["status"] == "paying"
    failed = client.get(one, headers=signed_in(marketplace.guest)).json()
    assert (failed["status"], failed["payment"]["status"]) == ("failed", "declined")
    assert failed["closed_because"] == "payment_failed"
    booking = client.get(path.removesuffix("/modifications"), headers=signed_in(marketplace.guest)).json()
    assert (booking["version"], booking["check_out"]) == (2, "2026-06-28")


def test_a_proposal_sent_again_is_made_once(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, path: str
) -> None:
    """The same key and body replay the first answer; the same key with another body is refused."""
    headers = signed_in(marketplace.guest)
    first = client.post(path, headers=headers, json={"check_in": "2026-06-26"})
    again = client.post(path, headers=headers, json={"check_in": "2026-06-26"})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = client.post(path, headers=headers, json={"check_in": "2026-06-27"})
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


def test_a_booking_that_was_changed_unseen_is_not_modified(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, path: str
) -> None:
    """A stale `If-Match` is a 412 that names the present version; the present one, any and none pass."""
    wish = {"guests": 1}
    stale = client.post(path, headers=signed_in(marketplace.guest) | {"If-Match": '"1"'}, json=wish)
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/booking-version-mismatch")
    assert stale.json()["version"] == 2
    fresh = client.post(path, headers=signed_in(marketplace.guest) | {"If-Match": '"2"'}, json=wish)
    assert (fresh.status_code, fresh.json()["status"]) == (201, "applied")


def test_declined_and_withdrawn(client: TestClient, marketplace: Marketplace, signed_in: SignIn, path: str) -> None:
    """Each is told with its reason, and a second answer meets the state."""

    def propose() -> str:
        made = client.post(path, headers=signed_in(marketplace.guest), json={"check_in": "2026-06-26"})
        return f"{path}/{made.json()['modification_id']}"

    one = propose()
    unkept = client.post(f"{one}/decline", headers=signed_in(marketplace.host), json={"reason": "No\0"})
    assert (unkept.status_code, unkept.json()["errors"][0]["field"]) == (422, "reason")
    second = client.post(path, headers=signed_in(marketplace.host), json={"guests": 1})
    assert (second.status_code, second.json()["type"]) == (409, "/problems/modification-open")
    declined = client.post(f"{one}/decline", headers=signed_in(marketplace.host), json={"reason": "No."}).json()
    assert (declined["status"], declined["closed_because"]) == ("declined", "No.")
    late = client.post(f"{one}/withdraw", headers=signed_in(marketplace.guest))
    assert (late.status_code, late.json()["type"]) == (409, "/problems/modification-state-conflict")
    withdrawn = client.post(f"{propose()}/withdraw", headers=signed_in(marketplace.guest)).json()
    assert withdrawn["status"] == "withdrawn"


WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("guest", {}, 422, "nothing-to-modify"),
    ("guest", {"check_in": "2026-06-28"}, 422, "invalid-stay"),
    ("guest", {"check_out": "2027-07-30"}, 422, "invalid-stay"),
    ("guest", {"check_in": "2026-06-01"}, 409, "nights-spent"),
    ("guest", {"guests": 5}, 422, "too-many-guests"),
    ("guest", {"guests": 0}, 422, "invalid-input"),
    ("guest", {"pets": 1}, 422, "too-many-pets"),
    ("guest", {"nights_price_minor": 1}, 403, "price-not-yours"),
    ("host", {"nights_price_minor": -1}, 422, "invalid-input"),
    ("guest", {"payment_method": "4242 4242 4242 4242"}, 422, "invalid-input"),
    ("guest", {"total": 1}, 422, "invalid-input"),
    ("other_guest", {"guests": 1}, 404, "booking-not-found"),
    ("other_host", {"guests": 1}, 404, "booking-not-found"),
]


@pytest.mark.parametrize(
    ("who", "wish", "status", "problem"), WRONG, ids=[f"{n}-{row[3]}" for n, row in enumerate(WRONG)]
)
def test_a_bad_wish_has_a_problem_of_its_own(
    *,
    client: TestClient,
    marketplace: Marketplace,
    signed_in: SignIn,
    path: str,
    database_url: str,
    who: str,
    wish: dict[str, Any],
    status: int,
    problem: str,
) -> None:
    """It is named, says how to mend it, and leaves nothing behind."""
    actor: Actor = getattr(marketplace, who)
    answer = client.post(path, headers=signed_in(actor), json=wish)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}"), answer.text
    assert answer.json()["hint"]
    with psycopg.connect(database_url) as connection:
        left = connection.execute("SELECT (SELECT count(*) FROM modifications), (SELECT version FROM bookings)")
        assert left.fetchone() == (0, 2)


def test_somebody_elses_nights_are_named(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, path: str
) -> None:
    """The rule and the nights in the way are in the problem."""
    stay = {"check_in": "2026-06-28", "check_out": "2026-06-30", "guests": 2}
    quoted = client.post(
        "/v1/quotes", headers=signed_in(marketplace.other_guest), json=stay | {"listing_id": marketplace.loft}
    ).json()
    chosen = {name: quoted[name] for name in ("quote_id", "signature")}
    assert client.post("/v1/bookings", headers=signed_in(marketplace.other_guest), json=chosen).status_code == 201
    wish = {"check_out": "2026-06-30", "payment_method": "pm_ok"}
    refused = client.post(path, headers=signed_in(marketplace.guest), json=wish)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/stay-unavailable")
    assert (refused.json()["rule"], refused.json()["nights"]) == ("nights_taken", ["2026-06-28", "2026-06-29"])
