"""Searches answered from columns: the same listings at the same totals, and every change in them at once."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from pydantic import HttpUrl
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.errors import ServiceUnavailable
from lodestay.lake import SEARCH_DOCUMENTS
from lodestay.settings import Settings
from pipelines.spark_jobs.columns import build_columns
from pipelines.spark_jobs.job import Scope
from search.columns.files import Build, open_build
from search.errors import BuildRefused
from serving.app import create_app
from serving.relay import present
from serving.search import columns
from serving.search.retrieval import BEHIND, NO_ENGINE, NO_TILES, NO_WORDS
from tests.serving.conftest import no_cities
from tests.serving.indexing import build_documents, write_documents
from tests.serving.lacking import lacks
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn, hold
from tests.serving.test_degraded import essence
from tests.serving.test_search import search
from tests.transactional.factories import stay_of
from transactional.listings.service import deactivate
from transactional.outbox import tail
from transactional.outbox.repository import end, read_after
from transactional.quotes.pages import PageListing

PATIENCE_SECONDS = 120.0
"""Where no process compiled the pass yet, that comes first."""


@pytest.fixture
async def documents(session: AsyncSession, marketplace: Marketplace, clock: FixedClock) -> list[dict[str, Any]]:
    """Documents of the marketplace, without vectors."""
    return await build_documents(session, clock=clock, embedder=None)


@pytest.fixture
def counting(settings: Settings, clock: FixedClock, documents: list[dict[str, Any]]) -> Iterator[TestClient]:
    """A client of an application with columns and without OpenSearch."""
    write_documents(settings.lake, documents, exported_at=clock.now())
    with TestClient(create_app(settings, clock, no_cities)) as client:
        wait_for_columns(client)
        yield client


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Builds that were opened, or tried, in order."""
    folders: list[Path] = []

    def read(folder: Path) -> Build:
        try:
            return open_build(folder)
        finally:
            folders.append(folder)

    monkeypatch.setattr(columns, "open_build", read)
    return folders


def wait_for_columns(client: TestClient) -> None:
    """Wait until searches are answered from columns."""
    eventually(lambda: client.app_state["services"].columns.engine is not None)


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; fail where it never becomes so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


@pytest.mark.parametrize("dates", [STAY, {"guests": 2}], ids=["for a stay", "without dates"])
def test_columns_answer_as_the_database_does(
    dates: dict[str, object], counting: TestClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same listings, totals and counts with columns and without; with them nothing is missing but words."""
    asked = dates | {"room_type": "entire_home"}
    well = search(counting, **asked)
    assert not lacks(well["degraded"], NO_ENGINE)
    monkeypatch.setattr(columns, "STALE_SECONDS", -1.0)
    monkeypatch.setattr(columns, "LATE_SECONDS", -1.0)
    poorer = search(counting, **asked)
    assert lacks(poorer["degraded"], NO_ENGINE)
    assert essence(well) == essence(poorer)
    assert well["regained"] == [{"filter": "room_type", "value": None, "more": 1}]
    assert poorer["regained"] is None


def test_columns_that_have_fallen_behind_are_better_than_none(
    counting: TestClient, marketplace: Marketplace, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where OpenSearch does not answer either they do, and say so; what is taken meanwhile is not shown."""
    well = search(counting, **STAY)

    async def nothing(*_: object, **__: object) -> tail.News:
        raise ServiceUnavailable("It does not come.", hint="")

    monkeypatch.setattr(tail, "read_tail", nothing)
    monkeypatch.setattr(columns, "STALE_SECONDS", 0.2)
    hold(counting, signed_in, marketplace.guest, marketplace.studio)
    eventually(lambda: counting.app_state["services"].columns.engine is None)
    for asked in (STAY, {"flexible_days": 1, **STAY}):
        late = search(counting, **asked)
        assert BEHIND in late["degraded"]
        assert late["regained"] is not None
    late = search(counting, **STAY)
    assert late["total_count"] == well["total_count"]
    assert marketplace.studio not in {result["listing_id"] for result in late["results"]}


def test_a_listing_that_cannot_be_read_keeps_nobody_back(
    counting: TestClient, marketplace: Marketplace, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody can make sense of is not found any more; the changes of all others are taken in."""
    others = present._others

    def senseless(listing: PageListing, *given: Any, **named: Any) -> dict[str, Any]:
        if listing.bookable.listing_id == marketplace.loft:
            raise ZeroDivisionError
        return others(listing, *given, **named)

    monkeypatch.setattr(present, "_others", senseless)
    elsewhere = {"check_in": str(stay_of(60, 2).check_in), "check_out": str(stay_of(60, 2).check_out), "guests": 2}
    before = {result["listing_id"] for result in search(counting, **elsewhere)["results"]}
    assert {marketplace.loft, marketplace.studio} <= before
    hold(counting, signed_in, marketplace.guest, marketplace.loft)
    hold(counting, signed_in, marketplace.guest, marketplace.studio)
    eventually(lambda: marketplace.studio not in {r["listing_id"] for r in search(counting, **STAY)["results"]})
    eventually(lambda: search(counting, **elsewhere)["total_count"] == len(before) - 1)
    after = {result["listing_id"] for result in search(counting, **elsewhere)["results"]}
    assert after == before - {marketplace.loft}


def test_tiles_of_the_map(counting: TestClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are counted in the tiles of a map with their lowest price; without columns the answer says so."""
    whole = search(counting, **STAY, map_zoom=0)
    (world,) = whole["map_tiles"]
    assert (world["zoom"], world["x"], world["y"], world["count"]) == (0, 0, 0, whole["total_count"])
    totals = [result["price"]["total"]["minor"] for result in whole["results"]]
    assert world["cheapest"]["minor"] == min(totals)
    assert search(counting, **STAY)["map_tiles"] is None
    monkeypatch.setattr(columns, "STALE_SECONDS", -1.0)
    monkeypatch.setattr(columns, "LATE_SECONDS", -1.0)
    poorer = search(counting, **STAY, map_zoom=0)
    assert poorer["map_tiles"] is None
    assert NO_TILES in poorer["degraded"]


def test_too_many_tiles_are_a_clear_problem(counting: TestClient, marketplace: Marketplace) -> None:
    """A zoom far too near for the area names the count and what to do."""
    answer = counting.get("/v1/search", params={"bounds": "-60,-170,60,170", "map_zoom": 12})
    assert answer.status_code == 422
    assert "map tiles" in answer.json()["detail"]


def test_a_booking_leaves_the_columns_and_comes_back_when_cancelled(
    counting: TestClient, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """What is booked is gone from the counts without any relay, and back after a cancellation."""
    before = search(counting, **STAY)["total_count"]
    held = hold(counting, signed_in, marketplace.guest, marketplace.loft)
    eventually(lambda: search(counting, **STAY)["total_count"] == before - 1)
    counting.post(f"/v1/bookings/{held['booking_id']}/cancel", headers=signed_in(marketplace.guest))
    eventually(lambda: search(counting, **STAY)["total_count"] == before)


def test_an_older_open_transaction_keeps_nothing_from_the_columns(
    counting: TestClient, marketplace: Marketplace, signed_in: SignIn, database_url: str
) -> None:
    """An import of a city is one for minutes: what others book meanwhile is gone from the counts, and comes back."""
    before = search(counting, **STAY)["total_count"]
    with psycopg.connect(database_url) as importing:
        importing.execute("SELECT pg_current_xact_id()")  # has its number, and is older than all that follows
        held = hold(counting, signed_in, marketplace.guest, marketplace.loft)
        eventually(lambda: search(counting, **STAY)["total_count"] == before - 1)
        counting.post(f"/v1/bookings/{held['booking_id']}/cancel", headers=signed_in(marketplace.guest))
        eventually(lambda: search(counting, **STAY)["total_count"] == before)


def test_after_an_earlier_state_of_the_database_every_listing_is_read(
    *,
    counting: TestClient,
    marketplace: Marketplace,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What no entry tells of is in the columns once the outbox lacks what was read; until then they are not asked."""
    monkeypatch.setattr(columns, "LOOK_EVERY_SECONDS", 0.1)
    shelf = counting.app_state["services"].columns
    before, found = shelf.engine, search(counting, **STAY)["total_count"]
    with psycopg.connect(database_url) as restored:
        restored.execute("UPDATE listings SET is_active = false WHERE listing_id = %s", [marketplace.loft])
    read, told = tail.read_tail, list[bool]()

    async def earlier(*asked: Any, **named: Any) -> tail.News:
        news = await read(*asked, **named)
        told.append(not told)
        return replace(news, is_earlier=told[-1])

    monkeypatch.setattr(tail, "read_tail", earlier)
    eventually(lambda: shelf.engine is not None and shelf.engine is not before)
    assert search(counting, **STAY)["total_count"] == found - 1


def test_columns_that_could_not_be_brought_to_the_present_are_not_opened_again(
    *,
    settings: Settings,
    clock: FixedClock,
    documents: list[dict[str, Any]],
    marketplace: Marketplace,
    reads: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where PostgreSQL is away while they are taken up, the next look goes on with what was opened."""
    monkeypatch.setattr(columns, "LOOK_EVERY_SECONDS", 0.05)
    read, fails = tail.read_tail, [True, True]

    async def away_at_first(*asked: Any, **named: Any) -> tail.News:
        if fails:
            fails.pop()
            raise ServiceUnavailable("It is away.", hint="")
        return await read(*asked, **named)

    monkeypatch.setattr(tail, "read_tail", away_at_first)
    now = clock.now()
    write_documents(settings.lake, documents, exported_at=now)
    made = build_columns(Scope(now.date(), (documents[0]["market"],), settings.lake), now=now)
    with TestClient(create_app(settings, clock, no_cities)) as client:
        wait_for_columns(client)
        assert not fails
        assert reads == [made.folder]


def test_words_need_opensearch(counting: TestClient, marketplace: Marketplace) -> None:
    """A wish in words is still answered, and the answer says that its order does not follow them."""
    answer = search(counting, **STAY, text="garden")
    assert lacks(answer["degraded"], NO_WORDS)
    assert answer["total_count"] == search(counting, **STAY)["total_count"]


@pytest.mark.opensearch
def test_words_order_what_columns_count(
    *,
    settings: Settings,
    clock: FixedClock,
    documents: list[dict[str, Any]],
    index_alias: str,
    opensearch_url: str,
    marketplace: Marketplace,
) -> None:
    """With OpenSearch the candidates have their scores of the text, and the counts are those without the text."""
    write_documents(settings.lake, documents, exported_at=clock.now())
    known = {"opensearch_url": HttpUrl(opensearch_url), "index_alias": index_alias, "search_timeout_ms": 10_000}
    with TestClient(create_app(settings.model_copy(update=known), clock, no_cities)) as client:
        wait_for_columns(client)
        plain, worded = search(client, **STAY), search(client, **STAY, text="garden")
    assert not lacks(worded["degraded"], NO_WORDS)
    assert worded["regained"] is not None
    assert (worded["total_count"], worded["facets"]) == (plain["total_count"], plain["facets"])
    assert {r["listing_id"] for r in worded["results"]} == {r["listing_id"] for r in plain["results"]}


def test_what_changed_after_the_export_is_known_at_once(
    *,
    settings: Settings,
    clock: FixedClock,
    documents: list[dict[str, Any]],
    marketplace: Marketplace,
    signed_in: SignIn,
) -> None:
    """A booking made between export and start is seen: by the outbox, or by a look at all where that ends."""
    with TestClient(create_app(settings, clock, no_cities)) as client:
        before = search(client, **STAY)["total_count"]
        hold(client, signed_in, marketplace.guest, marketplace.loft)
    for age in (timedelta(minutes=1), timedelta(days=30)):
        write_documents(settings.lake, documents, exported_at=clock.now() - age)
        with TestClient(create_app(settings, clock, no_cities)) as client:
            wait_for_columns(client)
            assert search(client, **STAY)["total_count"] == before - 1


def test_newer_documents_are_taken_up(
    *,
    settings: Settings,
    clock: FixedClock,
    documents: list[dict[str, Any]],
    marketplace: Marketplace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A build while the process runs goes into service without a restart; one that cannot be read does not."""
    monkeypatch.setattr(columns, "LOOK_EVERY_SECONDS", 0.1)
    write_documents(settings.lake, documents[:1], exported_at=clock.now())
    with TestClient(create_app(settings, clock, no_cities)) as client:
        shelf = client.app_state["services"].columns
        wait_for_columns(client)
        assert len(shelf.engine) == 1
        broken = Path(SEARCH_DOCUMENTS.partition(settings.lake, day=clock.now().date() + timedelta(days=1), market="x"))
        broken.mkdir(parents=True)
        (broken / "part-0.parquet").write_bytes(b"no Parquet")
        write_documents(settings.lake, documents[:2], exported_at=clock.now() + timedelta(days=1))
        time.sleep(1.0)
        assert len(shelf.engine) == 1
        (broken / "part-0.parquet").unlink()
        write_documents(settings.lake, documents, exported_at=clock.now() + timedelta(days=2))
        eventually(lambda: len(shelf.engine) == len(documents))


def test_builds_are_mapped_and_broken_ones_are_not(
    *,
    settings: Settings,
    clock: FixedClock,
    documents: list[dict[str, Any]],
    marketplace: Marketplace,
    signed_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A build is mapped and told of changes; a broken one is refused and named, and the next whole one is taken up."""
    monkeypatch.setattr(columns, "LOOK_EVERY_SECONDS", 0.1)
    now = clock.now()
    scope = Scope(now.date(), (documents[0]["market"],), settings.lake)
    write_documents(settings.lake, documents, exported_at=now)
    first = build_columns(scope, now=now)
    broken = first.folder.with_name(first.folder.name + "1")
    shutil.copytree(first.folder, broken)
    put(broken / "keys.npy", b"")
    with TestClient(create_app(settings, clock, no_cities)) as client:
        wait_for_columns(client)
        state, detail = columns_of(client)
        assert state == "degraded"
        assert detail.startswith(
            f"3 listings of {first.folder.name}; The columns in {broken.name} are not taken into service"
        )
        assert str(settings.lake) not in detail, "anybody may ask, and where the lake lies is not theirs"
        assert "keys.npy has 0 bytes instead of" in detail
        before = search(client, **STAY)
        assert not lacks(before["degraded"], NO_ENGINE)
        hold(client, signed_in, marketplace.guest, marketplace.loft)
        eventually(lambda: search(client, **STAY)["total_count"] == before["total_count"] - 1)
        second = build_columns(scope, now=now + timedelta(minutes=1))
        counts = set()
        while columns_of(client) != ("up", f"3 listings of {second.folder.name}"):
            answer = search(client, **STAY)
            counts.add((answer["total_count"], lacks(answer["degraded"], NO_ENGINE)))
        assert counts <= {(before["total_count"] - 1, False)}, "no search is lost, and no booking forgotten"
        assert search(client, **STAY)["total_count"] == before["total_count"] - 1


def put(file: Path, held: bytes) -> None:
    """Put a file in the place of one that may not be written to."""
    file.unlink()
    file.write_bytes(held)


def test_a_repaired_build_is_taken_up(
    *,
    settings: Settings,
    clock: FixedClock,
    documents: list[dict[str, Any]],
    marketplace: Marketplace,
    reads: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refused build is not read again at every look, but when one of its files changes, and after some minutes."""
    monkeypatch.setattr(columns, "LOOK_EVERY_SECONDS", 0.05)
    now = clock.now()
    write_documents(settings.lake, documents, exported_at=now)
    made = build_columns(Scope(now.date(), (documents[0]["market"],), settings.lake), now=now)
    keys = made.folder / "keys.npy"
    whole = keys.read_bytes()
    put(keys, b"\0" * len(whole))
    up = ("up", f"3 listings of {made.folder.name}")
    with TestClient(create_app(settings, clock, no_cities)) as client:
        wait_for_columns(client)
        time.sleep(0.5)
        assert columns_of(client)[0] == "degraded"
        assert reads == [made.folder]
        clock.advance(columns.REFUSED_FOR)
        eventually(lambda: len(reads) == 2)
        put(keys, whole)
        eventually(lambda: columns_of(client) == up)
        assert reads == [made.folder] * 3


def test_what_is_missing_in_a_build_is_said_without_its_path(tmp_path: Path) -> None:
    """The words of the system hold the whole path; the refusal's do not."""
    folder = tmp_path / "build=1"
    folder.mkdir()
    with pytest.raises(BuildRefused) as refused:
        open_build(folder)
    assert "build=1" in refused.value.detail
    assert "manifest.json: No such file" in refused.value.detail
    assert str(tmp_path) not in refused.value.detail


def columns_of(client: TestClient) -> tuple[str, str]:
    """State of the columns, as the process tells it."""
    parts = {part["name"]: part for part in client.get("/readyz").json()["dependencies"]}
    return parts["search columns"]["state"], parts["search columns"]["detail"]


def test_columns_that_fail_are_no_error(
    counting: TestClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass raises: the database answers the same, and says so."""
    with monkeypatch.context() as broken:  # first: what the columns have answered they need no pass for
        broken.setattr("search.columns.sharing.scan", lambda *_: 1 / 0)
        poorer = search(counting, **STAY)
    well = search(counting, **STAY)
    assert lacks(poorer["degraded"], NO_ENGINE)
    assert essence(well) == essence(poorer)


async def test_a_reader_that_starts_at_the_end_gets_what_was_not_yet_committed(
    engine: AsyncEngine, marketplace: Marketplace
) -> None:
    """What a transaction wrote that was open when the end was asked for, and committed later, is read from there on."""
    sessions = async_sessionmaker(engine)
    async with sessions() as early, sessions() as reader:
        await deactivate(early, marketplace.host, marketplace.loft)
        await early.flush()
        position = await end(reader)
        await reader.rollback()
        assert await read_after(reader, position, limit=10) == []
        await early.commit()
        await reader.rollback()
        for _ in range(200):  # another database's transaction may hold the entry back for a moment
            entries = await read_after(reader, position, limit=10)
            await reader.rollback()
            if entries:
                break
            await asyncio.sleep(0.05)
    assert marketplace.loft in {entry.listing_id for entry in entries}
