"""What clients tell of their guests' doings, and what a booking leaves in the log."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient

from search.event_log import read_events
from search.events import BookingEvent, ClickEvent, ImpressionEvent
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, hold
from tests.serving.test_search import search

TODAY = date(2026, 6, 15)


def told_of(answer: Any, row: int, **changes: Any) -> dict[str, Any]:
    """A click on a result of an answer."""
    result = answer["results"][row]
    click = {
        "type": "click",
        "event_id": str(uuid4()),
        "search_id": answer["search_id"],
        "listing_id": result["listing_id"],
        "position": result["rank"],
        "proof": result["proof"],
    }
    return click | changes


def test_clicks_and_impressions_are_written_where_they_happened(
    client: TestClient, marketplace: Marketplace, tmp_path: Path, signed_in: SignIn
) -> None:
    """Each event about a result is in its market's log, under the visit's id and the guest's pseudonym."""
    found = search(client)
    told = [told_of(found, 1, type="impression"), told_of(found, 1)]
    headers = signed_in(marketplace.guest) | {"X-Session-ID": "visit-1"}
    answer = client.post("/v1/events", json={"events": told}, headers=headers)
    assert answer.json() == {"accepted": 2, "ignored": 0}
    _, seen, click = read_events(str(tmp_path / "lake"), day=TODAY, market="lisbon")
    assert isinstance(seen, ImpressionEvent)
    assert isinstance(click, ClickEvent)
    assert {str(event.event_id) for event in (seen, click)} == {told[0]["event_id"], told[1]["event_id"]}
    assert (click.session_id, str(click.search_id), click.position) == ("visit-1", found["search_id"], 2)
    assert click.guest_key not in {None, str(marketplace.guest.user_id)}


def test_only_what_a_search_showed_is_taken(client: TestClient, marketplace: Marketplace, tmp_path: Path) -> None:
    """Nobody in particular may tell of a result they got; of another listing, place or search they cannot."""
    found, other = search(client), search(client)
    forged = [
        told_of(found, 0, listing_id=found["results"][1]["listing_id"]),
        told_of(found, 2, position=1),
        told_of(found, 0, search_id=other["search_id"]),
        told_of(found, 0, search_id=str(uuid4())),
        told_of(found, 0, proof=found["results"][1]["proof"]),
        told_of(found, 0, proof="0" * 32),
    ]
    answer = client.post("/v1/events", json={"events": [*forged, told_of(found, 0)]})
    assert answer.json() == {"accepted": 1, "ignored": len(forged)}
    events = read_events(str(tmp_path / "lake"), day=TODAY, market="lisbon")
    (click,) = (event for event in events if isinstance(event, ClickEvent))
    assert click.listing_id == found["results"][0]["listing_id"]


def test_a_booking_is_tied_to_its_search_once(
    client: TestClient, marketplace: Marketplace, tmp_path: Path, signed_in: SignIn
) -> None:
    """A confirmation that names its search is in the log, and sent again it is there once."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    search_id, headers = str(uuid4()), signed_in(marketplace.guest)
    body = {"payment_method": "pm_ok", "search_id": search_id}
    for _ in range(2):
        path = f"/v1/bookings/{held['booking_id']}/confirm"
        assert client.post(path, headers=headers, json=body).status_code == 200
    (event,) = read_events(str(tmp_path / "lake"), day=TODAY, market="lisbon")
    assert isinstance(event, BookingEvent)
    assert (str(event.search_id), event.total_minor) == (search_id, held["total"]["minor"])
