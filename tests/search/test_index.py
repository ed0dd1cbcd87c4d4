"""Building, checking, swapping and updating real indices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from opensearchpy import AsyncOpenSearch, OpenSearch

from lodestay.stay import Stay
from search import fallback
from search.document import build_document, calendar_fields, document_id
from search.engine import OpenSearchEngine
from search.errors import IndexNotReady
from search.fallback import Supply
from search.index import (
    BUILT_WITH,
    create_index,
    finish_loading,
    in_service,
    index_status,
    load_documents,
    made_at,
    put_in_service,
)
from search.index_checks import Expected, Sample, check
from search.live import update_documents
from search.request import Filters
from tests.search.marketplace import (
    DIMENSION,
    HERE,
    MODEL,
    TODAY,
    documents_of,
    make_request,
    random_calendar,
    random_supply,
)

pytestmark = pytest.mark.opensearch

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)


@pytest.fixture
def alias(opensearch: OpenSearch, worker_id: str) -> Iterator[str]:
    """An alias of the test's own, whose indices are removed after it."""
    name = f"builds-{worker_id}"
    yield name
    for one in index_status(opensearch, name):
        opensearch.indices.delete(index=one.name)


@pytest.fixture
def supply() -> Supply:
    """Forty listings."""
    return random_supply(np.random.default_rng(1), listings=40)


def build(client: OpenSearch, alias: str, documents: list[dict[str, Any]], *, minute: int = 0) -> str:
    """Build an index, without putting it in service."""
    built_at = NOW + timedelta(minutes=minute)
    index = create_index(client, alias, dimension=DIMENSION, model=MODEL, built_at=built_at)
    assert load_documents(client, index, documents) == len(documents)
    finish_loading(client, index)
    (mapping,) = client.indices.get_mapping(index=index).values()
    assert mapping["mappings"]["_meta"][BUILT_WITH] == client.count(index=index)["count"]
    assert mapping["mappings"]["_meta"]["model"], "what else it says of itself stays"
    return index


def expected(supply: Supply, **changes: Any) -> Expected:
    """Say what an index of the supply should hold, but for the changes."""
    listings = list(supply.listings)
    samples = [
        Sample(r, supply.calendars.get(r["listing_id"]), supply.terms[r["listing_id"]], TODAY) for r in listings[:12]
    ]
    plain: dict[str, Any] = {"documents": len(listings), "samples": samples, "missed": None}
    return Expected(**plain | changes)


def test_a_good_index_passes_and_is_swapped_in(opensearch: OpenSearch, alias: str, supply: Supply) -> None:
    """Three builds in a row: the alias follows, one earlier index is kept, doing it again changes nothing."""
    documents = documents_of(supply, np.random.default_rng(2))
    assert in_service(opensearch, alias) == []
    builds = []
    for minute in range(3):
        index = build(opensearch, alias, documents, minute=minute)
        check(opensearch, index, expected(supply), rng=np.random.default_rng(3))
        put_in_service(opensearch, alias, index)
        put_in_service(opensearch, alias, index)
        assert in_service(opensearch, alias) == [index]
        builds.append(index)
    status = index_status(opensearch, alias)
    assert [(s.name, s.in_service, s.documents, s.model) for s in status] == [
        (builds[1], False, 40, MODEL),
        (builds[2], True, 40, MODEL),
    ]


def test_the_name_tells_when() -> None:
    """An index's name gives back the moment it was made, to the microsecond; another's name says nothing."""
    built_at = NOW.replace(microsecond=123_456)
    client = cast("OpenSearch", SimpleNamespace(indices=SimpleNamespace(create=lambda **_: None)))
    name = create_index(client, "listings", dimension=DIMENSION, model=MODEL, built_at=built_at)
    assert made_at(name, "listings") == built_at
    assert made_at("by-hand", "listings") is None


def test_a_step_can_be_taken_back(opensearch: OpenSearch, alias: str) -> None:
    """A dead build is swept away by the next, not kept in place of what served; one under way is left alone."""
    good, dead, bad, under_way = (build(opensearch, alias, [], minute=minute) for minute in range(4))
    put_in_service(opensearch, alias, good)
    put_in_service(opensearch, alias, bad)
    assert [s.name for s in index_status(opensearch, alias)] == [good, bad, under_way]
    put_in_service(opensearch, alias, good)
    assert in_service(opensearch, alias) == [good]
    assert dead not in opensearch.indices.get(index=f"{alias}-*")
    assert bad in opensearch.indices.get(index=f"{alias}-*")


def test_what_is_wrong_is_found(opensearch: OpenSearch, alias: str, supply: Supply) -> None:
    """Broken on purpose: a document too few, dearer stays, closed calendars, a missed change, no sample."""
    rng = np.random.default_rng(2)
    documents = documents_of(supply, rng)
    dearer = [d | {"cleaning_fee_minor": d["cleaning_fee_minor"] + 1} for d in documents]
    closed = [d | calendar_fields(None, today=TODAY) for d in documents]
    cases = {
        "39 documents instead of 40": ([*documents[1:]], expected(supply)),
        "costs": (dearer, expected(supply)),
        "not found": (closed, expected(supply)),
        "changes up to": (documents, expected(supply, missed=NOW)),
        "no listing was drawn": (documents, expected(supply, samples=[])),
    }
    for minute, (problem, (wrong, wanted)) in enumerate(cases.items()):
        index = build(opensearch, alias, wrong, minute=minute)
        with pytest.raises(IndexNotReady) as refused:
            check(opensearch, index, wanted, rng=np.random.default_rng(3))
        assert any(problem in p for p in refused.value.extensions["problems"]), problem


def test_a_document_of_another_shape_is_refused(opensearch: OpenSearch, alias: str, supply: Supply) -> None:
    """The mapping is strict: a field it does not know stops the build, and the listing is named."""
    documents = documents_of(supply, np.random.default_rng(2))
    documents[7]["surprise"] = 1
    with pytest.raises(IndexNotReady, match=f"Listing {documents[7]['listing_id']} was refused"):
        build(opensearch, alias, documents)


async def test_a_booking_takes_its_nights_and_a_cancellation_gives_them_back(
    opensearch: OpenSearch, async_client: AsyncOpenSearch, alias: str, supply: Supply
) -> None:
    """A live update of the calendar alone changes what is found; everything else, the vector too, stays as it was."""
    documents = documents_of(supply, np.random.default_rng(2))
    put_in_service(opensearch, alias, build(opensearch, alias, documents))
    engine = OpenSearchEngine(async_client, alias=alias, timeout_ms=20_000)
    listing_id, calendar, stay = _bookable(supply)
    request = make_request(stay=stay)

    async def found() -> bool:
        opensearch.indices.refresh(index=alias)
        return listing_id in {c.listing_id for c in (await engine.retrieve(request, today=HERE)).candidates}

    booked = replace(calendar, free=calendar.free.copy())
    booked.free[calendar.index(stay.check_in)] = False
    assert await found()
    before = opensearch.get(index=alias, id=document_id(listing_id))["_source"]
    for _ in range(2):  # a change that is delivered twice is as one
        applied = await update_documents(async_client, alias, {listing_id: calendar_fields(booked, today=TODAY)})
        assert (applied.updated, applied.missing) == (1, ())
        assert not await found()
    await update_documents(async_client, alias, {listing_id: calendar_fields(calendar, today=TODAY)})
    assert await found()
    after = opensearch.get(index=alias, id=document_id(listing_id))["_source"]
    assert after == before


async def test_random_updates_leave_what_a_build_would_write(
    opensearch: OpenSearch, async_client: AsyncOpenSearch, alias: str, supply: Supply
) -> None:
    """After new calendars for all, live, the index answers as one built from them; a listing without one is named."""
    rng = np.random.default_rng(8)
    put_in_service(opensearch, alias, build(opensearch, alias, documents_of(supply, rng)))
    calendars = {row["listing_id"]: random_calendar(rng) for row in supply.listings}
    changes = {i: calendar_fields(c, today=TODAY) for i, c in calendars.items()}
    applied = await update_documents(async_client, alias, changes | {7: {"is_active": True}})
    assert (applied.updated, applied.missing) == (40, (7,))
    opensearch.indices.refresh(index=alias)
    engine = OpenSearchEngine(async_client, alias=alias, timeout_ms=20_000)
    changed = replace(supply, calendars=calendars)
    for nights in range(1, 30):
        stay = Stay(TODAY + timedelta(days=nights), TODAY + timedelta(days=2 * nights))
        answer = await engine.retrieve(make_request(stay=stay), today=HERE)
        plain = fallback.retrieve(make_request(stay=stay), changed, today=HERE, reason="")
        assert answer.histogram == plain.histogram
        assert {c.listing_id: c.total_minor for c in answer.candidates} == {
            c.listing_id: c.total_minor for c in plain.candidates
        }


async def test_updates_of_one_document_at_once(
    opensearch: OpenSearch, async_client: AsyncOpenSearch, alias: str, supply: Supply
) -> None:
    """Writers that meet in one document try again until both are in."""
    put_in_service(opensearch, alias, build(opensearch, alias, documents_of(supply, np.random.default_rng(2))))
    (row, *_) = supply.listings
    changes = [{"review_count": 1}, {"bedrooms": 2}, {"beds": 3}, {"accommodates": 4}]
    await asyncio.gather(*(update_documents(async_client, alias, {row["listing_id"]: change}) for change in changes))
    source = opensearch.get(index=alias, id=document_id(row["listing_id"]))["_source"]
    assert (source["review_count"], source["bedrooms"], source["beds"], source["accommodates"]) == (1, 2, 3, 4)


async def test_new_and_closed_listings(
    opensearch: OpenSearch, async_client: AsyncOpenSearch, alias: str, supply: Supply
) -> None:
    """A listing that is put in is found; deactivated, it is not."""
    put_in_service(opensearch, alias, build(opensearch, alias, documents_of(supply, np.random.default_rng(2))))
    (row, *_) = supply.listings
    new = row | {"listing_id": 5, "neighbourhood": "Nowhere else", "is_active": True}
    document = build_document(
        new, calendar=None, terms=supply.terms[row["listing_id"]], vector=None, popularity=1.0, today=TODAY
    )
    engine = OpenSearchEngine(async_client, alias=alias, timeout_ms=20_000)
    request = make_request(filters=Filters(neighbourhoods=frozenset({"Nowhere else"})))
    opensearch.index(index=alias, id=document_id(5), body=document)
    opensearch.indices.refresh(index=alias)
    assert [c.listing_id for c in (await engine.retrieve(request, today=HERE)).candidates] == [5]
    await update_documents(async_client, alias, {5: {"is_active": False}})
    opensearch.indices.refresh(index=alias)
    assert (await engine.retrieve(request, today=HERE)).total_count == 0


def _bookable(supply: Supply) -> tuple[int, Any, Stay]:
    """Find an active listing and a stay that it takes."""
    for row in supply.listings:
        calendar = supply.calendars.get(row["listing_id"])
        for day in range(60):
            for nights in (1, 2, 3, 7, 30):
                stay = Stay(TODAY + timedelta(days=day), TODAY + timedelta(days=day + nights))
                if row["is_active"] and calendar is not None and calendar.refuse(stay, today=TODAY) is None:
                    return row["listing_id"], calendar, stay
    raise AssertionError("no listing can be booked")
