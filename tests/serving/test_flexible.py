"""Flexible dates and price calendars over HTTP: each listing with its own stay, every total a quote's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import HttpUrl

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from lodestay.stay import Stay
from serving.app import create_app
from serving.price_calendars.service import NO_COLUMNS as COUNTED_IN_DATABASE
from serving.search import columns
from serving.search.confirmation import confirm
from serving.search.retrieval import NO_COLUMNS, NO_TILES, NO_WORDS
from tests.search.marketplace import make_request
from tests.serving.conftest import no_cities
from tests.serving.indexing import write_documents
from tests.serving.lacking import lacks
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold, quote
from tests.serving.test_columns import counting, documents, eventually, wait_for_columns
from tests.serving.test_degraded import essence
from tests.serving.test_search import logged, search
from transactional.kit.connections import QuickConnections
from transactional.quotes.pages import STATEMENTS

__all__ = ["counting", "documents"]

AROUND = STAY | {"flexible_days": 3}
WISHES: list[dict[str, Any]] = [
    AROUND,
    {"guests": 2, "flexible": "weekend", "month": "2026-07"},
    {"guests": 2, "flexible": "week", "month": ["2026-07", "2026-08"]},
    {"guests": 1, "flexible": "month", "months_ahead": 2},
    {"flexible": "long_weekend", "sort": "-price", "max_price": 900},
]


def stays_shown(answer: Any) -> dict[int, tuple[str, str]]:
    """The stay that each listing stands with."""
    return {result["listing_id"]: (result["check_in"], result["check_out"]) for result in answer["results"]}


def test_columns_and_the_database_choose_the_same_stays(
    counting: TestClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same listings, stays, totals and counts with columns and without, which the answer then says."""
    answers = [search(counting, **wish, map_zoom=0) for wish in WISHES]
    for well in answers:
        assert well["total_count"] == len(well["results"]) == 3
        assert (well["check_in"], well["check_out"]) == (None, None)
        assert well["stays_tried"] > 1
        assert sum(tile["count"] for tile in well["map_tiles"]) == 3
    monkeypatch.setattr(columns, "STALE_SECONDS", -1.0)
    monkeypatch.setattr(columns, "LATE_SECONDS", -1.0)
    for wish, well in zip(WISHES, answers, strict=True):
        poorer = search(counting, **wish, map_zoom=0)
        assert {NO_COLUMNS, NO_TILES} <= set(poorer["degraded"])
        assert essence(poorer) == essence(well), wish
        assert stays_shown(poorer) == stays_shown(well), wish


def test_each_result_has_the_total_that_its_own_stay_is_quoted_at(
    counting: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Where the cheapest nights of one listing are taken it stands with others; every total is the quote's."""
    before = stays_shown(search(counting, **AROUND))
    assert len(set(before.values())) == 1
    check_in, check_out = before[marketplace.loft]
    hold(counting, signed_in, marketplace.guest, marketplace.loft, check_in=check_in, check_out=check_out)
    eventually(
        lambda: stays_shown(search(counting, **AROUND)).get(marketplace.loft) not in {None, (check_in, check_out)}
    )
    answer = search(counting, **AROUND)
    assert answer["total_count"] == 3
    assert len(set(stays_shown(answer).values())) == 2
    for result in answer["results"]:
        dates = {name: result[name] for name in ("check_in", "check_out")}
        assert result["nights"] == answer["nights"] == 3
        quoted = quote(counting, signed_in(marketplace.other_guest), result["listing_id"], **dates).json()
        assert result["price"]["total"] == quoted["total"]


def test_no_other_stay_of_the_wish_is_cheaper(counting: TestClient, marketplace: Marketplace) -> None:
    """Searches for each of the seven stays find nothing below what the flexible one shows, and that itself."""
    shown = {r["listing_id"]: r["price"]["total"]["minor"] for r in search(counting, **AROUND)["results"]}
    check_in = date.fromisoformat(str(STAY["check_in"]))
    totals: dict[int, list[int]] = {listing_id: [] for listing_id in shown}
    for days in range(-3, 4):
        first = check_in + timedelta(days=days)
        single = search(counting, check_in=first, check_out=first + timedelta(days=3), guests=2)
        for result in single["results"]:
            totals[result["listing_id"]].append(result["price"]["total"]["minor"])
    assert {listing_id: min(each) for listing_id, each in totals.items()} == shown


async def test_postgresql_confirms_each_listing_with_its_own_stay(
    database_url: str, client: TestClient, marketplace: Marketplace, signed_in: SignIn, clock: FixedClock
) -> None:
    """Nights that somebody has take away the listing shown with them, and no other one, and not that at other times."""
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    taken = Stay(date(2026, 6, 25), date(2026, 6, 28))
    later = Stay(date(2026, 8, 3), date(2026, 8, 6))
    request = make_request(flexible=(taken, later), guests=2)
    loft, studio = marketplace.loft, marketplace.studio
    quick = QuickConnections(database_url, STATEMENTS, size=1, lock_timeout_ms=1_000)
    assert list(await confirm(quick, request, {loft: taken, studio: taken}, clock=clock)) == [studio]
    shifted = await confirm(quick, request, {studio: taken, loft: later}, clock=clock)
    assert sorted(shifted) == sorted([loft, studio])
    alone = await confirm(quick, request, {loft: later}, clock=clock)
    quick.close()
    assert alone[loft] == shifted[loft]


def test_the_ranker_sees_the_chosen_stay(counting: TestClient, marketplace: Marketplace, settings: Settings) -> None:
    """Days ahead, nights and price that are logged of a result are those of the stay it is shown with."""
    answer = search(counting, **AROUND)
    event = logged(settings.home)[-1]
    assert (event["check_in"], event["check_out"]) == (None, None)
    seen = {shown["listing_id"]: shown for shown in event["results"]}
    for result in answer["results"]:
        shown = seen[result["listing_id"]]
        lead = (date.fromisoformat(result["check_in"]) - date(2026, 6, 15)).days
        assert (shown["features"]["lead_days"], shown["features"]["nights"]) == (lead, 3)
        assert shown["total_minor"] == result["price"]["total"]["minor"]
        assert (shown["check_in"], shown["check_out"]) == (result["check_in"], result["check_out"])


def test_what_was_left_open_is_logged(counting: TestClient, marketplace: Marketplace, settings: Settings) -> None:
    """Days around a stay, or the trip and its months; fixed dates are the search's own, and no result's."""
    logs = []
    for wish in (*WISHES[:4], STAY):
        search(counting, **wish)
        logs.append(logged(settings.home)[-1])
    around = {"kind": "days", "nights": 3, "days": 3, "check_in": STAY["check_in"], "check_out": STAY["check_out"]}
    trip = {"days": None, "check_in": None, "check_out": None, "months": [], "months_ahead": None}
    assert [event["flexible"] for event in logs] == [
        trip | around,
        trip | {"kind": "weekend", "nights": 2, "months": ["2026-07"]},
        trip | {"kind": "week", "nights": 7, "months": ["2026-07", "2026-08"]},
        trip | {"kind": "month", "nights": 28, "months_ahead": 2},
        None,
    ]
    assert (logs[-1]["check_in"], logs[-1]["results"][0]["check_in"]) == (STAY["check_in"], None)
    counting.get("/v1/search", params={"polygon": "38.60,-9.30;38.90,-9.30;38.75,-9.00"})
    assert logged(settings.home)[-1]["area"] == "polygon"


def test_words_without_opensearch_are_said_to_be_missing(counting: TestClient, marketplace: Marketplace) -> None:
    """A wish in words beside flexible dates is answered, and the answer says that its order does not follow them."""
    answer = search(counting, **AROUND, text="garden")
    assert lacks(answer["degraded"], NO_WORDS)
    assert stays_shown(answer) == stays_shown(search(counting, **AROUND))


@pytest.mark.opensearch
def test_words_order_the_listings_that_take_a_stay(
    *,
    settings: Settings,
    clock: FixedClock,
    documents: list[dict[str, Any]],
    index_alias: str,
    opensearch_url: str,
    marketplace: Marketplace,
    tmp_path: Any,
) -> None:
    """With OpenSearch the candidates have scores of the text and their own stays, under the price filter too."""
    write_documents(settings.lake, documents, exported_at=clock.now())
    known = {"opensearch_url": HttpUrl(opensearch_url), "index_alias": index_alias, "search_timeout_ms": 10_000}
    with TestClient(create_app(settings.model_copy(update=known), clock, no_cities)) as client:
        wait_for_columns(client)
        plain, worded = search(client, **AROUND), search(client, **AROUND, text="garden")
        dearest = max(result["price"]["total"]["minor"] for result in plain["results"])
        cheap = search(client, **AROUND, text="garden", max_price=str((dearest - 1) / 100))
    assert not lacks(worded["degraded"], NO_WORDS)
    assert stays_shown(worded) == stays_shown(plain)
    assert (worded["total_count"], worded["facets"]) == (plain["total_count"], plain["facets"])
    assert cheap["total_count"] == len(cheap["results"]) == 2
    assert all("text_score" in shown["features"] for shown in logged(tmp_path)[1]["results"])


WRONG: list[tuple[dict[str, Any], str]] = [
    (STAY | {"flexible": "week"}, "not both"),
    ({"flexible_days": 2}, "needs check_in"),
    (STAY | {"flexible_days": 8}, "less than or equal to 7"),
    ({"month": "2026-07"}, "need flexible"),
    ({"flexible": "week", "month": "2026-07", "months_ahead": 1}, "not both"),
    ({"flexible": "week", "month": "2026-13"}, "pattern"),
    ({"flexible": "fortnight"}, "weekend"),
    ({"flexible": "week", "month": "2026-05"}, "would have begun on 2026-05-25; today is 2026-06-15"),
    ({"flexible": "week", "month": "2028-05"}, "stays end by 2027-06-15"),
    ({"check_in": "2026-06-01", "check_out": "2026-06-03", "flexible_days": 1}, "would have begun on 2026-06-02"),
    ({"check_in": "2028-05-01", "check_out": "2028-05-03"}, "stays end by 2027-06-15"),
    ({"check_in": "2027-06-14", "check_out": "2027-06-16"}, "stays end by 2027-06-15"),
]


def test_a_wish_that_is_none_is_a_clear_problem(client: TestClient, marketplace: Marketplace) -> None:
    """Two kinds of dates at once, too many, or none left: 422, and the words say which."""
    for wrong, said in WRONG:
        answer = client.get("/v1/search", params={"market": "lisbon"} | wrong)
        assert answer.status_code == 422, wrong
        assert said in answer.text, wrong


def test_every_day_of_a_listings_calendar_is_what_a_quote_says(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Each day of arrival has the quote's total, or the rule that refuses the quote; days that passed are there."""
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    path = f"/v1/listings/{marketplace.loft}/price-calendar"
    calendar = client.get(path, params={"month": "2026-06", "nights": 3, "guests": 3}).json()
    assert [day["check_in"] for day in calendar["arrivals"]] == [f"2026-06-{n:02}" for n in range(1, 31)]
    rules = set()
    for day in calendar["arrivals"]:
        dates = {name: day[name] for name in ("check_in", "check_out")}
        answer = quote(client, signed_in(marketplace.other_guest), marketplace.loft, **dates, guests=3)
        assert day["available"] == (answer.status_code == 201)
        if day["available"]:
            assert day["total"] == answer.json()["total"]
        else:
            assert (day["rule"], day["reason"]) == (answer.json()["rule"], answer.json()["detail"])
            rules.add(day["rule"])
    assert rules == {"in_the_past", "nights_taken"}


def test_a_calendar_is_of_this_month_where_none_is_named(client: TestClient, marketplace: Marketplace) -> None:
    """Without parameters: single nights of the current month at the listing; two months are shown as one list."""
    path = f"/v1/listings/{marketplace.studio}/price-calendar"
    plain = client.get(path).json()
    assert (plain["nights"], len(plain["arrivals"]), plain["arrivals"][0]["check_in"]) == (1, 30, "2026-06-01")
    two = client.get(path, params={"month": ["2026-08", "2026-07"]}).json()
    assert len(two["arrivals"]) == 62


def test_a_bad_calendar_is_a_clear_problem(client: TestClient, marketplace: Marketplace) -> None:
    """What cannot be asked is named; so is a listing that is not there."""
    path = f"/v1/listings/{marketplace.loft}/price-calendar"
    for wrong, problem in BAD_CALENDARS:
        answer = client.get(path, params=wrong)
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}"), wrong
    missing = client.get(f"/v1/listings/{10**12}/price-calendar")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/listing-not-found")
    nowhere = client.get("/v1/search/price-calendar", params={"market": "atlantis"})
    assert nowhere.status_code == 404
    for month in ("2026-05", "2028-05"):
        there = client.get("/v1/search/price-calendar", params={"market": "lisbon", "month": month})
        assert (there.status_code, there.json()["type"]) == (422, "/problems/invalid-search")


BAD_CALENDARS: list[tuple[dict[str, Any], str]] = [
    ({"guests": 5}, "too-many-guests"),
    ({"pets": 1}, "too-many-pets"),
    ({"nights": 0}, "invalid-input"),
    ({"nights": 91}, "invalid-input"),
    ({"month": "2026-7"}, "invalid-input"),
    ({"month": ["2026-07", "2026-08", "2026-09"]}, "invalid-input"),
    ({"check_in": "2026-07-01"}, "invalid-input"),
    ({"month": "2026-05"}, "invalid-search"),
    ({"month": "2027-06", "nights": 20}, "invalid-search"),
    ({"month": ["2027-07", "2027-08"]}, "invalid-search"),
]


def test_every_day_of_a_places_calendar_is_the_search_for_its_stay(
    counting: TestClient, marketplace: Marketplace, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Count and lowest total are those of a search for the day's stay, from columns and from the database alike."""
    hold(counting, signed_in, marketplace.guest, marketplace.studio)
    eventually(lambda: search(counting, **STAY)["total_count"] == 2)
    asked = {"market": "lisbon", "guests": 2, "max_price": 700}
    calendar = counting.get("/v1/search/price-calendar", params=asked | {"nights": 3}).json()
    assert (calendar["degraded"], len(calendar["arrivals"])) == ([], 30)
    assert calendar["arrivals"][0]["count"] == 0
    for day in calendar["arrivals"][14:30:3]:
        single = search(counting, **asked, sort="price", check_in=day["check_in"], check_out=day["check_out"])
        assert day["count"] == single["total_count"] > 0
        assert day["cheapest"] == single["results"][0]["price"]["total"]
    monkeypatch.setattr(columns, "STALE_SECONDS", -1.0)
    monkeypatch.setattr(columns, "LATE_SECONDS", -1.0)
    poorer = counting.get("/v1/search/price-calendar", params=asked | {"nights": 3}).json()
    assert poorer["degraded"] == [COUNTED_IN_DATABASE]
    assert poorer["arrivals"] == calendar["arrivals"]
