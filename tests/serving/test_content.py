"""Bodies that are not said to be what is read, reads without their body, and the bare address."""

from __future__ import annotations

import gzip

import pytest
from fastapi.testclient import TestClient

from tests.serving.marketplace import Marketplace

EVENTS = b'{"events": []}'


@pytest.mark.parametrize("sent", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""])
def test_a_body_of_another_type_is_refused_by_its_name(sent: str, client: TestClient) -> None:
    """415 names what came and what is wanted; the framework would call JSON in plain text no dictionary."""
    answer = client.post("/v1/events", content=EVENTS, headers={"Content-Type": sent} if sent else {})
    assert answer.status_code == 415, answer.text
    problem = answer.json()
    assert problem["type"] == "/problems/unsupported-content"
    assert (sent or "without") in problem["detail"]
    assert "application/json" in problem["hint"]
    assert client.get(problem["type"]).status_code == 200


@pytest.mark.parametrize("sent", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"])
def test_every_name_of_json_is_read(sent: str, client: TestClient) -> None:
    """What is refused then is what the body says."""
    answer = client.post("/v1/events", content=b'{"evts": []}', headers={"Content-Type": sent})
    assert answer.status_code == 422


def test_no_body_needs_no_type(client: TestClient) -> None:
    """Who sends none is told that it is missing."""
    assert client.post("/v1/events").status_code == 422


def test_a_packed_body_is_refused_before_it_is_read(client: TestClient) -> None:
    """The limit on sizes is of what is read, and nothing is unpacked; `identity` is no packing."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post("/v1/events", content=gzip.compress(EVENTS), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-content")
    assert "gzip" in answer.json()["detail"]
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    plain = client.post("/v1/events", content=b"{}", headers=headers | {"Content-Encoding": "identity"})
    assert plain.status_code == 422


def test_a_head_is_a_get_without_its_body(client: TestClient, marketplace: Marketplace) -> None:
    """Status and headers are the GET's, length and ETag too; where there is no GET there is no HEAD."""
    for path in (f"/v1/listings/{marketplace.loft}", "/healthz", "/problems", "/docs", "/openapi.json", "/v1/nothing"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        same = ("Content-Type", "Content-Length", "ETag", "Cache-Control")
        assert [head.headers.get(name) for name in same] == [get.headers.get(name) for name in same]
    assert client.head("/v1/events").status_code == 405


def test_heads_are_counted_as_such_under_their_route(client: TestClient, marketplace: Marketplace) -> None:
    """Metrics and the log know the method that was sent and the template of the route."""
    client.head(f"/v1/listings/{marketplace.loft}")
    counted = [line for line in client.get("/metrics").text.splitlines() if 'method="HEAD"' in line]
    assert any("/v1/listings/{listing_id}" in line for line in counted)


def test_the_bare_address_leads_to_the_reference(client: TestClient) -> None:
    """A browser that was given the address alone finds its way, asks for an icon in peace, and neither is described."""
    answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "/docs")
    assert client.get("/favicon.ico").status_code == 204
    assert not {"/", "/favicon.ico"} & client.get("/openapi.json").json()["paths"].keys()


def test_who_may_be_told_so_can_read_it(client: TestClient) -> None:
    """Every operation that reads JSON documents the 415."""
    paths = client.get("/openapi.json").json()["paths"]
    reading = [each for path in paths.values() for each in path.values() if "requestBody" in each]
    assert reading
    assert [each["operationId"] for each in reading if "415" not in each["responses"]] == []
