"""The API's description, and whether the API keeps to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
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
        "accept_request",
        "add_feed",
        "add_season",
        "approve_modification",
        "block_nights",
        "book_instantly",
        "cancel_booking",
        "change_saved_search",
        "change_season",
        "clear_recently_viewed",
        "confirm_booking",
        "create_calendar_token",
        "create_quote",
        "decline_modification",
        "decline_request",
        "delete_saved_search",
        "edit_nights",
        "edit_rate_plan",
        "explain_problem",
        "export_calendar",
        "forget_viewed",
        "get_booking",
        "get_calendar",
        "get_history",
        "get_listing",
        "get_listing_price_calendar",
        "get_modification",
        "get_price_calendar",
        "get_rate_plan",
        "get_saved_search",
        "hold_booking",
        "leave_early",
        "list_alerts",
        "list_bookings",
        "list_calendar_tokens",
        "list_feed_events",
        "list_feeds",
        "list_modifications",
        "list_problems",
        "list_recently_viewed",
        "list_reviews",
        "list_saved_searches",
        "list_seasons",
        "list_similar",
        "live",
        "mark_alerts_read",
        "metrics",
        "preview_cancellation",
        "propose_modification",
        "read_feed",
        "ready",
        "reload_models",
        "remove_feed",
        "remove_season",
        "report_events",
        "report_no_show",
        "request_booking",
        "revoke_calendar_token",
        "save_search",
        "say_languages",
        "search_listings",
        "set_active",
        "suggest",
        "suggest_prices",
        "take_processor_message",
        "unblock_nights",
        "withdraw_modification",
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


def test_every_answer_and_body_has_a_whole_example(document: dict[str, Any]) -> None:
    """Each shape of JSON that is sent or answered shows every field in an example, which its model takes as it is."""
    models = {model.__name__: model for model in family(BaseModel) if model.__module__.startswith("serving.")}
    shown = {name for operation in operations(document) for name in json_shapes(operation)}
    assert shown >= {"SearchOut", "ListingOut", "BookingsOut", "EventsIn", "ConfirmIn", "Readiness", "Problem"}
    for name in shown:
        (example,) = document["components"]["schemas"][name]["examples"]
        read = models[name].model_validate_json(json.dumps(example))
        assert read.model_dump(mode="json", by_alias=True) == example, name
        assert set(example) == {field.alias or name for name, field in models[name].model_fields.items()}, name


def json_shapes(operation: dict[str, Any]) -> list[str]:
    """Names of the shapes of JSON in an operation's body and answers."""
    parts = [operation.get("requestBody", {}), *operation["responses"].values()]
    contents = [media for part in parts for name, media in part.get("content", {}).items() if name.endswith("json")]
    return re.findall(r"#/components/schemas/(\w+)", str(contents))


def family(parent: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Every model under a model."""
    for child in parent.__subclasses__():
        yield child
        yield from family(child)


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
    @settings(max_examples=8, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def call(case: schemathesis.Case) -> None:
        case.headers.update(headers)
        sent = case.as_transport_kwargs(base_url=str(client.base_url))
        body = {"json": sent["json"]} if "json" in sent else {"content": sent.get("data")}
        response = client.request(
            sent["method"], sent["url"], params=sent.get("params"), headers=sent["headers"], **body
        )
        case.validate_response(response, checks=PROMISES)

    call()
