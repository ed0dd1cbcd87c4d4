"""The API's description, and whether the API keeps to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lodestay.settings import Settings
from serving.app import create_app
from tests.serving.conftest import SECRET
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn

PROTECTED = {401, 403, 404, 409, 422}
PROMISES = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI document; describing needs no service."""
    app = create_app(Settings(database_url="postgresql://a:b@127.0.0.1:1/c", token_secret=SECRET))
    return app.openapi()


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation."""
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_operation_ids_are_stable_names(document: dict[str, Any]) -> None:
    """Generated clients are named by our functions: unique, in snake case, and a change shows here."""
    ids = sorted(operation["operationId"] for operation in operations(document))
    assert ids == [
        "block_nights",
        "cancel_booking",
        "confirm_booking",
        "create_quote",
        "explain_problem",
        "get_booking",
        "get_listing",
        "hold_booking",
        "list_bookings",
        "list_problems",
        "list_reviews",
        "live",
        "metrics",
        "ready",
        "reload_models",
        "report_events",
        "search_listings",
        "set_prices",
        "suggest",
        "suggest_prices",
        "unblock_nights",
    ]


def test_every_failure_is_a_documented_problem(document: dict[str, Any]) -> None:
    """Each status of the 4xx and 5xx kind has the problem's media type and shape."""
    for operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and operation["operationId"] != "ready":
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, operation["operationId"]
        if operation.get("security") and operation["operationId"].startswith(("create", "hold", "confirm", "cancel")):
            assert {int(status) for status in operation["responses"]} >= PROTECTED


def test_everything_is_described(document: dict[str, Any]) -> None:
    """Every operation has a summary and a description, and every reference leads somewhere."""
    assert all(operation["summary"] and operation["description"] for operation in operations(document))
    schemas = document["components"]["schemas"]
    references = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert references <= set(schemas)
    assert "HTTPValidationError" not in schemas


@pytest.mark.slow
@pytest.mark.parametrize("role", ["guest", "host", "admin", None])
def test_nothing_that_a_caller_sends_breaks_the_service(
    role: str | None, client: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """Generated calls to every operation: no 5xx, no undocumented status, no other shape than was promised."""
    app = client.app
    assert isinstance(app, FastAPI)
    headers = {} if role is None else signed_in(getattr(marketplace, role))
    headers.pop("Idempotency-Key", None)
    for found in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        try_operation(found.ok(), client, headers)


def try_operation(operation: Any, client: TestClient, headers: dict[str, str]) -> None:
    """Call one operation with what its schema allows, and with what it does not."""
    wishes = st.one_of(operation.as_strategy(GenerationMode.POSITIVE), operation.as_strategy(GenerationMode.NEGATIVE))

    @given(case=wishes)
    @settings(max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def call(case: schemathesis.Case) -> None:
        case.headers.update(headers)
        sent = case.as_transport_kwargs(base_url=str(client.base_url))
        body = {"json": sent["json"]} if "json" in sent else {"content": sent.get("data")}
        response = client.request(
            sent["method"], sent["url"], params=sent.get("params"), headers=sent["headers"], **body
        )
        case.validate_response(response, checks=PROMISES)

    call()
