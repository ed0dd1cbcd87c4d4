"""The frame around every endpoint: request ids, problems, limits, logs, metrics."""

from __future__ import annotations

import io
import json
import logging
import re
from datetime import date

import pytest
import structlog
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from lodestay.telemetry import REDACTED, configure_logging
from serving.app import create_app
from serving.observability.middleware import MAX_BODY_BYTES
from tests.serving.conftest import no_cities
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn, hold
from transactional.kit.cursors import DayKey, encode

FORGED = encode(DayKey(date(2026, 1, 1), 2**63))
SECRET_WISH = "a-wish-that-nobody-may-read"


@pytest.fixture
def breaking(settings: Settings, clock: FixedClock) -> FastAPI:
    """An application with an endpoint that fails."""
    app = create_app(settings, clock, no_cities)

    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError(SECRET_WISH)

    return app


def test_a_status_without_a_page_is_no_other_problem(breaking: FastAPI, marketplace: Marketplace) -> None:
    """What the framework refuses with a status of its own has no page, and is not called a bad request."""

    @breaking.get("/teapot")
    def teapot() -> None:
        raise HTTPException(418, "Short and stout.")

    with TestClient(breaking) as client:
        problem = client.get("/teapot").json()
    assert (problem["type"], problem["title"]) == ("about:blank", "I'm a Teapot")
    assert (problem["status"], problem["detail"]) == (418, "Short and stout.")


def test_a_request_id_comes_back(client: TestClient) -> None:
    """A caller's id is kept, one that could break a log line is replaced, and each request has one."""
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    for bad in ('{"a":1}', "x" * 65, "two words"):
        assert client.get("/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"] != bad
    assert client.get("/nowhere").json()["request_id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "no-such-path"),
        ("DELETE", "/v1/search", 405, "method-not-allowed"),
        ("GET", "/v1/listings/999999", 404, "listing-not-found"),
        ("GET", "/v1/listings/abc", 422, "invalid-input"),
        ("GET", "/v1/listings/99999999999999999999", 422, "invalid-input"),
        ("GET", "/v1/search?market=atlantis", 404, "market-not-found"),
        ("GET", "/v1/search?place=Xyzzyville", 404, "place-not-found"),
        ("GET", "/v1/search?colour=blue", 422, "invalid-input"),
        ("GET", "/v1/search?check_in=2026-07-01", 422, "invalid-input"),
        ("GET", "/v1/search?check_in=2026-07-05&check_out=2026-07-01", 422, "invalid-stay"),
        ("GET", "/v1/search?check_in=1&check_out=2", 422, "invalid-input"),
        ("GET", "/v1/search?bounds=1,2,3", 422, "invalid-search"),
        ("GET", "/v1/search?bounds=nan,nan,nan,nan", 422, "invalid-search"),
        ("GET", "/v1/search?bounds=50,0,40,10", 422, "invalid-search"),
        ("GET", "/v1/search?latitude=91&longitude=0", 422, "invalid-input"),
        ("GET", "/v1/search?currency=XAU", 422, "no-exchange-rate"),
        ("GET", "/v1/search?sort=distance%27;DROP", 422, "invalid-input"),
        ("GET", "/v1/bookings?cursor=nonsense", 401, "unauthenticated"),
        ("GET", "/v1/listings/1/reviews?cursor=nonsense", 422, "invalid-cursor"),
        ("GET", f"/v1/listings/1/reviews?cursor={FORGED}", 422, "invalid-cursor"),
    ],
    ids=str,
)
def test_every_refusal_is_a_problem(  # noqa: PLR0917 (a table)
    method: str, path: str, status: int, slug: str, client: TestClient, marketplace: Marketplace
) -> None:
    """Whatever is wrong is told in one shape, with a page behind its type."""
    answer = client.request(method, path)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"/problems/{slug}"
    assert (problem["status"], problem["instance"]) == (status, path.partition("?")[0])
    assert problem["title"]
    assert problem["detail"]
    assert client.get(problem["type"]).status_code == 200


@pytest.mark.parametrize("written", ["{}.0", "+{}", "0{}", "%20{}", "{}%20", "{}_0", "%D9%A3"])
def test_a_listing_has_one_address(written: str, client: TestClient, marketplace: Marketplace) -> None:
    """A number in a path is written in one way: caches and logs know one resource by one name."""
    assert client.get(f"/v1/listings/{marketplace.loft}").status_code == 200
    answer = client.get(f"/v1/listings/{written.format(marketplace.loft)}")
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["listing_id"]


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE listings; --", "{{7*7}}", "<script>", "\x00", "a" * 200, "🏠" * 50, '"\\']
)
def test_text_is_only_text(text: str, client: TestClient, marketplace: Marketplace) -> None:
    """What is typed is searched for, and does nothing else."""
    for path, params in (("/v1/search", {"text": text, "market": "lisbon"}), ("/v1/suggest", {"q": text[:100]})):
        answer = client.get(path, params=params)
        assert answer.status_code == 200, answer.text
    assert client.get("/v1/search", params={"market": "lisbon"}).json()["total_count"] == 3


def test_a_field_at_fault_is_named_and_its_value_is_not_repeated(client: TestClient) -> None:
    """Invalid input names location and field, and echoes nothing of what was sent."""
    problem = client.get("/v1/search", params={"guests": SECRET_WISH}).json()
    assert [(error["location"], error["field"]) for error in problem["errors"]] == [("query", "guests")]
    assert SECRET_WISH not in str(problem)


@pytest.mark.parametrize(
    "asked",
    [
        {"min_price": "1_000"},
        {"min_beds": "\u0663"},
        {"min_rating": "\uff14"},
        {"guests": "1_0"},
        {"latitude": "nan", "longitude": "1"},
        {"bounds": "3_8.69,-9.23,38.80,-9.09"},
    ],
)
def test_numbers_are_written_in_plain_digits(
    asked: dict[str, str], client: TestClient, marketplace: Marketplace
) -> None:
    """What only Python reads as a number is refused by its name; signs, blanks and exponents are numbers still."""
    answer = client.get("/v1/search", params=asked)
    assert answer.status_code == 422
    assert next(iter(asked)) in answer.json()["detail"]
    fine = {"latitude": " 38.7", "longitude": "-9.1e0", "min_price": "12.50", "guests": "2"}
    assert client.get("/v1/search", params=fine).status_code == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/search?market=lisbon&market=paris", "market"),
        ("/v1/search?market=lisbon&guests=1&amenity=wifi&amenity=tv&guests=1", "guests"),
        ("/v1/suggest?q=lis&q=por", "q"),
        ("/v1/listings/1/similar?guests=1&guests=2", "guests"),
        ("/v1/search/price-calendar?market=lisbon&market=paris", "market"),
    ],
)
def test_a_parameter_that_is_no_list_is_given_once(
    path: str, name: str, client: TestClient, marketplace: Marketplace
) -> None:
    """The last of two would count in silence: the answer names it instead, and never its value."""
    problem = client.get(path).json()
    assert (problem["status"], problem["type"]) == (422, "/problems/invalid-input")
    assert problem["errors"] == [{"location": "query", "field": name, "message": "Input should be given once"}]


def test_lists_may_be_given_more_than_once(client: TestClient, marketplace: Marketplace) -> None:
    """A list's values are parameters of one name."""
    answer = client.get("/v1/search?market=lisbon&amenity=wifi&amenity=tv&flexible=week&month=2026-07&month=2026-08")
    assert answer.status_code == 200


def test_strict_bodies(client: TestClient) -> None:
    """JSON is taken as it is: no unknown fields, no numbers for dates, no texts for numbers."""
    right = {"type": "click", "event_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11", "listing_id": 1}
    right |= {"search_id": right["event_id"], "position": 1, "proof": "0" * 32}
    assert client.post("/v1/events", json={"events": [right]}).status_code == 202
    for wrong in ({"listing_id": "1"}, {"listing_id": True}, {"search_id": 5}, {"colour": "blue"}, {"type": "booking"}):
        answer = client.post("/v1/events", json={"events": [right | wrong]})
        assert answer.status_code == 422, wrong
    assert client.post("/v1/events", json={"events": [right] * 101}).status_code == 422


def test_large_bodies_are_refused_unread(client: TestClient) -> None:
    """Too much is a 413 with the problem's shape, whether the size was announced or not."""
    large = b" " * (MAX_BODY_BYTES + 1)
    parts = (large[start : start + 1024] for start in range(0, len(large), 1024))
    for content in (large, parts):
        answer = client.post("/v1/events", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/content-too-large")


def test_an_unexpected_failure_tells_nothing(breaking: FastAPI, marketplace: Marketplace) -> None:
    """The caller gets a request id, the log gets the cause under the same id."""
    with TestClient(breaking) as client:
        log = io.StringIO()
        configure_logging("test", stream=log, extra=())
        answer = client.get("/boom", headers={"X-Request-ID": "find-me"})
    assert (answer.status_code, answer.json()["request_id"]) == (500, "find-me")
    assert SECRET_WISH not in answer.text
    failure = next(line for line in map(json.loads, log.getvalue().splitlines()) if line["event"] == "request failed")
    assert failure["request_id"] == "find-me"
    assert failure["exception"][0]["exc_value"] == SECRET_WISH


def test_logs_hold_nothing_that_was_typed(client: TestClient, marketplace: Marketplace) -> None:
    """A search leaves its route, status and time in the log, and none of its words."""
    log = io.StringIO()
    configure_logging("test", stream=log, extra=())
    client.get("/v1/search", params={"market": "lisbon", "text": SECRET_WISH})
    client.get(f"/v1/{SECRET_WISH}")
    assert '"/v1/search"' in log.getvalue()
    assert SECRET_WISH not in log.getvalue()


def test_private_values_never_reach_a_log() -> None:
    """Names that may hold a person's data are blanked, also when nested and from foreign loggers."""
    log = io.StringIO()
    configure_logging("test", stream=log, extra=())
    structlog.get_logger().info("x", email="a@b.c", inner={"token": "t"})
    logging.getLogger("foreign").warning("y", extra={"phone": "123"})
    first, second = map(json.loads, log.getvalue().splitlines())
    assert (first["email"], first["inner"]["token"], second["phone"]) == (REDACTED, REDACTED, REDACTED)


def test_metrics_tell_how_far_the_index_is_behind(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Changes that no relay has taken are counted; so are the listings whose features are in memory."""

    def gauges() -> dict[str, float]:
        lines = client.get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.partition(" ") for line in lines if line[0] != "#")}

    before = gauges()
    assert before["lodestay_ranking_listings"] == 0
    hold(client, signed_in, marketplace.guest, marketplace.loft)
    assert gauges()["lodestay_outbox_lag"] == before["lodestay_outbox_lag"] + 1


def test_metrics_have_few_labels(client: TestClient, marketplace: Marketplace) -> None:
    """A thousand paths make one series: routes are templates, unknown paths and methods have one name each."""
    for n in range(5):
        client.get(f"/v1/listings/{n + 1}")
        client.get(f"/nowhere/{n}")
        client.request(f"METHOD{n}", "/healthz")
    text = client.get("/metrics").text
    series = [line for line in text.splitlines() if line.startswith("lodestay_http_requests_total")]
    assert {line.split('route="')[1].split('"')[0] for line in series} <= {
        "/v1/listings/{listing_id}",
        "unmatched",
        "/healthz",
    }
    assert not any("METHOD" in line for line in series)


def test_problem_pages_speak_to_callers(client: TestClient) -> None:
    """Every page is prose: no section of a docstring, no markup for programmers."""
    slugs = re.findall(r'href="/problems/([^"]+)"', client.get("/problems").text)
    assert "stay-unavailable" in slugs
    for slug in slugs:
        page = client.get(f"/problems/{slug}").text
        assert not re.search(r"----|:class:|:mod:|`|Attributes", page), page
