"""What clients tell of their guests' doings, and what a booking leaves in the log."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import uuid4

from fastapi.testclient import TestClient

from search.event_log import read_events
from search.events import BookingEvent, ClickEvent, ImpressionEvent
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, hold

TODAY = date(2026, 6, 15)


def test_clicks_and_impressions_are_written_where_they_happened(
    client: TestClient, marketplace: Marketplace, tmp_path: Path, signed_in: SignIn
) -> None:
    """Each known listing's event is in its market's log, under the visit's id and the guest's pseudonym."""
    search_id = str(uuid4())
    told = [
        {"type": "impression", "event_id": str(uuid4()), "search_id": search_id, "listing_id": 1, "position": 2},
        {"type": "click", "event_id": str(uuid4()), "search_id": search_id, "listing_id": 1},
        {"type": "click", "event_id": str(uuid4()), "search_id": search_id, "listing_id": 999_999},
    ]
    headers = signed_in(marketplace.guest) | {"X-Session-ID": "visit-1"}
    answer = client.post("/v1/events", json={"events": told}, headers=headers)
    assert answer.json() == {"accepted": 2, "ignored": 1}
    seen, click = read_events(str(tmp_path / "lake"), day=TODAY, market="lisbon")
    assert isinstance(seen, ImpressionEvent)
    assert isinstance(click, ClickEvent)
    assert {str(event.event_id) for event in (seen, click)} == {told[0]["event_id"], told[1]["event_id"]}
    assert (click.session_id, str(click.search_id)) == ("visit-1", search_id)
    assert click.guest_key not in {None, str(marketplace.guest.user_id)}


def test_a_booking_is_tied_to_its_search_once(
    client: TestClient, marketplace: Marketplace, tmp_path: Path, signed_in: SignIn
) -> None:
    """A confirmation that names its search is in the log, and sent again it is there once."""
    held = hold(client, signed_in, marketplace.guest, marketplace.loft)
    search_id, headers = str(uuid4()), signed_in(marketplace.guest)
    for _ in range(2):
        path = f"/v1/bookings/{held['booking_id']}/confirm"
        assert client.post(path, headers=headers, json={"search_id": search_id}).status_code == 200
    (event,) = read_events(str(tmp_path / "lake"), day=TODAY, market="lisbon")
    assert isinstance(event, BookingEvent)
    assert (str(event.search_id), event.total_minor) == (search_id, held["total"]["minor"])
