"""What clients tell of their guests' doings, and what a booking leaves in the log."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from lodestay.masking import mask_contacts
from lodestay.stay import Stay
from search.answer import Regained, Retrieved
from search.asked import asked_of
from search.columns.engine import ColumnEngine
from search.event_log import EventLog, read_events
from search.events import BookingEvent, ClickEvent, HoldEvent, ImpressionEvent, NoResults, QuoteEvent, SearchEvent
from search.request import ANYTHING, Filters, SearchRequest
from search.today import Today
from serving.search.dead_ends import why_nothing
from serving.search.log import known_locale
from serving.search.retrieval import NO_ENGINE
from tests.serving.lacking import lacks
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold, quote
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


def test_what_a_full_disk_does_not_take_is_counted(
    client: TestClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests have their answers; the metric says how many events are lost, which no log file tells a dashboard."""
    found = search(client)

    def is_full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert "lodestay_events_lost_total 0.0" in client.get("/metrics").text
    monkeypatch.setattr(EventLog, "_write", is_full)
    search(client)
    told = [told_of(found, 1, type="impression"), told_of(found, 1)]
    assert client.post("/v1/events", json={"events": told}).status_code == 202
    assert "lodestay_events_lost_total 3.0" in client.get("/metrics").text


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


def searched(lake: Path) -> SearchEvent:
    """The last search of the log."""
    *_, event = (event for event in read_events(str(lake), day=TODAY, market="lisbon") if event.type == "search")
    assert isinstance(event, SearchEvent)
    return event


def test_a_search_leaves_what_was_asked(
    client: TestClient, marketplace: Marketplace, tmp_path: Path, signed_in: SignIn
) -> None:
    """The wish in one spelling, filters with values, lead time, page, time it took, and what was left out."""
    asked: dict[str, Any] = STAY | {
        "text": "Quiet  LOFT",
        "room_type": "entire_home",
        "min_beds": 1,
        "page_size": 2,
        "max_price": 5000,
    }
    client.get("/v1/search", params={"market": "lisbon", **asked}, headers={"X-Session-ID": "visit-1"})
    event = searched(tmp_path / "lake")
    assert (event.asked, event.visitor, event.page, event.page_size) == ("quiet loft", "visit-1", 1, 2)
    assert event.filters == {"room_types": ["entire_home"], "min_beds": ["1"], "max_price_minor": ["500000"]}
    assert event.lead_days == (event.check_in - TODAY).days if event.check_in else None
    assert event.latency_ms
    assert lacks(event.degraded, NO_ENGINE)
    assert event.nothing_because is None
    actor = signed_in(marketplace.guest)
    client.get("/v1/search", params={"market": "lisbon"}, headers=actor)
    assert searched(tmp_path / "lake").visitor not in {None, str(marketplace.guest.user_id)}
    client.get("/v1/search", params={"market": "lisbon"})
    assert searched(tmp_path / "lake").visitor is None


def test_no_contact_comes_into_the_log_by_a_filter(
    client: TestClient, marketplace: Marketplace, tmp_path: Path
) -> None:
    """Codes are masked as wishes are, however little room is left for it; numbers stay, and so do real codes."""
    asked: dict[str, Any] = {
        "neighbourhood": ["zqneigh jo@example.com", "a@b.c," * 13],
        "amenity": "wifi",
        "max_price": 1_000_000,
        "text": "a@b.c " * 33,
        "locale": "zq-jodoe",
    }
    assert client.get("/v1/search", params={"market": "lisbon", **asked}).status_code == 200
    event = searched(tmp_path / "lake")
    assert "zqneigh [e-mail]" in event.filters["neighbourhoods"]
    assert event.filters["amenities"] == ["wifi"]
    assert event.filters["max_price_minor"] == ["100000000"]
    assert event.locale == "und"
    written = event.model_dump_json()
    assert not [told for told in ("jo@example.com", "a@b.c", "jodoe") if told in written]


@pytest.mark.parametrize(
    ("tag", "known"),
    [
        ("en", "en"),
        ("pt-BR", "pt-BR"),
        ("zh-TW", "zh-TW"),
        ("sr-Latn-RS", "sr-Latn-RS"),
        ("es-419", "es-419"),
        ("en-jodoe", "en"),
        ("de-jo", "de"),
        ("zq-jodoe", "und"),
    ],
)
def test_of_a_language_only_what_there_is_is_kept(tag: str, known: str) -> None:
    """Subtags that stand for nothing may be somebody's name; the language before them is one still."""
    assert known_locale(tag) == known


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        (None, None),
        ("  ", None),
        ("\x00\u200b", None),
        ("VÉLO\tloft\u202e", "vélo loft"),
        ("\uff37i\uff26i", "wifi"),
        ("公寓", "公寓"),
        ("דירה", "דירה"),
        ("write to Ann@example.com", None),
        ("call +47 22 33 44 55", None),
        ("call \uff14\uff17\uff12\uff12\uff13\uff13\uff14\uff14\uff15\uff15", None),
        ("see www.example.com/me", None),
        ("x" * 101, None),
    ],
)
def test_a_wish_in_the_form_it_is_counted_in(written: str | None, asked: str | None) -> None:
    """Equal wishes become one; one with a contact in it, however it is spelled, is counted with nobody's."""
    assert asked_of(written) == asked


@given(st.text(max_size=120))
def test_a_counted_wish_is_counted_as_itself(text: str) -> None:
    """Whatever is written: one form, without control characters or contacts."""
    asked = asked_of(text)
    assert asked is None or (asked_of(asked) == asked == mask_contacts(asked) and asked.isprintable())


def test_quotes_and_holds_are_tied_to_their_search_once(
    client: TestClient, marketplace: Marketplace, tmp_path: Path, signed_in: SignIn
) -> None:
    """Each that names its search is in the log, sent again it is there once; without a search there is nothing."""
    search_id = str(uuid4())
    stay = STAY | {"listing_id": marketplace.loft, "search_id": search_id}
    headers = signed_in(marketplace.guest) | {"X-Session-ID": "visit-1"}
    quoted = [client.post("/v1/quotes", headers=headers, json=stay).json() for _ in range(2)][-1]
    body = {"quote_id": quoted["quote_id"], "signature": quoted["signature"], "search_id": search_id}
    headers = signed_in(marketplace.guest) | {"X-Session-ID": "visit-1"}
    for _ in range(2):
        assert client.post("/v1/bookings", headers=headers, json=body).status_code == 201
    quote(client, signed_in(marketplace.guest), marketplace.studio)
    events = list(read_events(str(tmp_path / "lake"), day=TODAY, market="lisbon"))
    assert [event.type for event in events] == ["quote", "hold"]
    for event in events:
        assert isinstance(event, QuoteEvent | HoldEvent)
        assert (str(event.search_id), event.listing_id, event.session_id) == (search_id, marketplace.loft, "visit-1")
        assert event.total_minor == quoted["total"]["minor"]


FOR_NIGHTS = replace(ANYTHING, stay=Stay(date(2026, 7, 1), date(2026, 7, 3)), guests=2, page_size=20)
FILTERED = replace(FOR_NIGHTS, filters=Filters(min_beds=3, max_price_minor=1))
NOTHING = Retrieved((), 0, {}, (), (), regained=())


class Undated:
    """Columns that hold so many listings, on other dates than those asked for."""

    def __init__(self, count: int | None) -> None:
        self.count = count

    async def retrieve(self, request: SearchRequest, *, today: Today) -> Retrieved:
        """Answer a search without dates, and without bounds of a stay's total."""
        assert request.stay is None
        assert request.filters.max_price_minor is None
        if self.count is None:
            raise ZeroDivisionError(today)
        return replace(NOTHING, total_count=self.count)


@pytest.mark.parametrize(
    ("request_", "retrieved", "elsewhen", "because"),
    [
        (FOR_NIGHTS, replace(NOTHING, total_count=1), 1, None),
        (FILTERED, replace(NOTHING, regained=(Regained("price", None, 3),)), 5, NoResults.ONE_FILTER),
        (FILTERED, NOTHING, 5, NoResults.DATES),
        (FILTERED, NOTHING, 0, NoResults.SEVERAL_FILTERS),
        (FOR_NIGHTS, NOTHING, 0, NoResults.NOTHING_THERE),
        (replace(FOR_NIGHTS, stay=None), NOTHING, 9, NoResults.NOTHING_THERE),
        (FILTERED, replace(NOTHING, regained=None), 0, NoResults.NOT_COUNTED),
        (FILTERED, NOTHING, None, NoResults.NOT_COUNTED),
    ],
)
async def test_why_nothing_was_found(
    request_: SearchRequest, retrieved: Retrieved, elsewhen: int | None, because: NoResults | None
) -> None:
    """A filter that alone kept results out, else the dates, else what is left; what fails to be counted is no error."""
    columns = cast("ColumnEngine", Undated(elsewhen))
    assert await why_nothing(columns, request_, retrieved, today=Today(TODAY), seconds=1.0) is because
