"""What is really under test: every line becomes an event once, or a reject with its reason; nothing is lost."""

from __future__ import annotations

import json
import types
import typing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel
from pyspark.sql import SparkSession

from lodestay.lake import RAW_EVENTS, REJECTED_EVENTS, STAGED_IMPRESSIONS, STAGED_SEARCHES, Dataset
from lodestay.stay import Stay
from pipelines.event_files import EventFile, outdated
from pipelines.partitions import read_table
from pipelines.spark_jobs.event_lines import EVENT, FLEXIBLE, KEPT_OUT, REQUIRED, SHOWN
from pipelines.spark_jobs.job import Scope
from pipelines.spark_jobs.stage_events import Staged, stage_events
from pipelines.writing import publish
from search.events import (
    BookingEvent,
    ClickEvent,
    FlexibleDates,
    HoldEvent,
    ImpressionEvent,
    KeptOut,
    NoResults,
    QuoteEvent,
    SearchEvent,
    Shown,
)
from serving.search.log import NOWHERE

DAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
MARKET = "antwerp"
TYPES: dict[object, str] = {
    str: "string",
    UUID: "string",
    int: "bigint",
    float: "double",
    bool: "boolean",
    date: "date",
    datetime: "timestamp",
}


def _fields(ddl: str) -> dict[str, str]:
    nested = {f"array<struct<{SHOWN}>>": "shown", f"array<struct<{KEPT_OUT}>>": "kept_out"}
    nested |= {f"struct<{FLEXIBLE}>": "flexible", "map<string, array<string>>": "map"}
    for spelled, short in nested.items():
        ddl = ddl.replace(spelled, short)
    return dict(field.split(" ", 1) for field in ddl.split(", "))


@pytest.mark.parametrize(
    "model",
    [SearchEvent, ImpressionEvent, ClickEvent, QuoteEvent, HoldEvent, BookingEvent],
    ids=lambda m: m.__name__,
)
def test_columns_are_those_of_the_events(model: type[BaseModel]) -> None:
    """Every field of an event is read, in a type that holds it; what cannot be null must be there."""
    spelled = _fields(EVENT)
    kind = model.model_fields["type"].default
    for name, field in model.model_fields.items():
        annotation = field.annotation
        arms = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
        plain = next(arm for arm in arms if arm is not type(None))
        if plain in TYPES:
            allowed = {TYPES[plain], "int"} if plain is int else {TYPES[plain]}
            assert spelled[name] in allowed, name
        assert name in spelled, name
        nullable = type(None) in arms or not field.is_required()
        assert nullable or name == "type" or name in REQUIRED[kind], name
    assert set(KeptOut.model_fields) == set(_fields(KEPT_OUT))
    assert set(FlexibleDates.model_fields) == set(_fields(FLEXIBLE))
    assert set(Shown.model_fields) == {
        field.split()[0] for field in SHOWN.replace("map<string, double>", "m").split(", ")
    }


def _search(*listings: int, at: datetime = AT) -> SearchEvent:
    return SearchEvent(
        event_id=uuid4(),
        occurred_at=at,
        market=MARKET,
        session_id="s",
        guest_key=None,
        search_id=uuid4(),
        text=None,
        check_in=None,
        check_out=None,
        guests=2,
        latitude=None,
        longitude=None,
        currency="EUR",
        locale="en",
        total_count=len(listings),
        ranker="baseline",
        results=[
            Shown(listing_id=listing, position=place, total_minor=100, score=0.5, features={"nights": 2.0})
            for place, listing in enumerate(listings, start=1)
        ],
    )


def _stay(search: SearchEvent, kind: type[QuoteEvent | HoldEvent], listing: int, *, at: datetime) -> BaseModel:
    common = {**search.model_dump(include={"market", "session_id", "guest_key", "search_id"}), "occurred_at": at}
    stay = {"check_in": DAY, "check_out": DAY + timedelta(days=2), "guests": 2, "total_minor": 100, "currency": "EUR"}
    return kind(event_id=uuid4(), listing_id=listing, **stay, **common)


def _acts(search: SearchEvent, listing: int, *, at: datetime) -> tuple[ImpressionEvent, ClickEvent]:
    common = {**search.model_dump(include={"market", "session_id", "guest_key", "search_id"}), "occurred_at": at}
    return (
        ImpressionEvent(event_id=uuid4(), listing_id=listing, position=1, **common),
        ClickEvent(event_id=uuid4(), listing_id=listing, **common),
    )


def _append(lake: str, day: date, *lines: BaseModel | str, market: str = MARKET) -> None:
    folder = Path(RAW_EVENTS.partition(lake, day=day, market=market))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "test.jsonl").open("a", encoding="utf-8") as file:
        for line in lines:
            file.write((line if isinstance(line, str) else line.model_dump_json()) + "\n")


def _stage(spark: SparkSession, scope: Scope) -> Staged:
    """Stage and publish."""
    staged = stage_events(spark, scope)
    for one in staged.written:
        publish(one.waiting, scope.lake)
    return staged


def _counts(staged: Staged) -> dict[Dataset, int]:
    return {one.dataset: one.row_count for one in staged.written}


@pytest.mark.spark
def test_stage_events(spark: SparkSession, lake: str) -> None:
    """Malformed, foreign, partial and doubled lines are told apart; a click after midnight counts, a late one not."""
    seen, unseen = _search(11, 12), _search(21)
    next_day, late = AT + timedelta(hours=1), AT + timedelta(days=3)
    text = seen.model_dump_json()
    broken = json.loads(text) | {"event_id": str(uuid4()), "results": [{"position": 1}]}
    _append(lake, DAY, seen, seen, unseen, "not json", text[:80], '{"type": "search"}', json.dumps(broken))
    _append(lake, DAY, json.dumps(json.loads(text) | {"event_id": str(uuid4()), "market": "oslo"}), "")
    _append(lake, DAY, json.dumps(json.loads(text) | {"event_id": str(uuid4()), "type": "wave"}))
    _append(lake, next_day.date(), *_acts(seen, 12, at=next_day))
    _append(lake, late.date(), _acts(unseen, 21, at=late)[1])
    scope = Scope(late.date(), (MARKET,), lake)
    written = _counts(_stage(spark, scope))
    assert written == {STAGED_SEARCHES: 2, STAGED_IMPRESSIONS: 3, REJECTED_EVENTS: 6}

    partition = (DAY.isoformat(), MARKET)
    rejected = read_table(REJECTED_EVENTS, lake, partition, columns=["reason", "file"]).to_pylist()
    assert sorted(row["reason"].split(":")[0] for row in rejected) == [
        "a result without listing or position",
        "another market's event",
        "missing",
        "not JSON of an event",
        "not JSON of an event",
        "unknown type of event",
    ]
    assert {row["file"] for row in rejected} == {"test.jsonl"}
    columns = ["listing_id", "position", "seen", "clicked", "booked", "features"]
    rows = read_table(STAGED_IMPRESSIONS, lake, partition, columns=columns).sort_by("listing_id").to_pylist()
    assert [(row["listing_id"], row["seen"], row["clicked"], row["booked"]) for row in rows] == [
        (11, False, False, False),
        (12, True, True, False),
        (21, None, False, False),
    ]
    assert rows[0]["features"] == [("nights", 2.0)]

    again = _counts(_stage(spark, scope))
    assert again[STAGED_IMPRESSIONS] == 0, "what did not change is not staged again"


@pytest.mark.spark
def test_every_folder_is_staged(spark: SparkSession, lake: str) -> None:
    """Run for one market, a click noted under another one's counts, and a search of no market is there."""
    search = _search(11)
    nowhere = _search().model_copy(update={"market": NOWHERE})
    _append(lake, DAY, search)
    _append(lake, DAY, nowhere, market=NOWHERE)
    _append(lake, DAY, _acts(search, 11, at=AT)[1].model_copy(update={"market": "oslo"}), market="oslo")
    staged = _stage(spark, Scope(DAY, (MARKET,), lake))
    assert (staged.files, staged.lines) == (3, 3)
    rows = {one.dataset: one.rows for one in staged.written}
    day = DAY.isoformat()
    assert rows[STAGED_SEARCHES] == {(day, MARKET): 1, (day, NOWHERE): 1, (day, "oslo"): 0}
    shown = read_table(STAGED_IMPRESSIONS, lake, (day, MARKET), columns=["clicked"])
    assert shown["clicked"].to_pylist() == [True]


@pytest.mark.spark
def test_what_was_asked_is_staged(spark: SparkSession, lake: str) -> None:
    """Filters, the reason for nothing and the time it took are columns; a quote and a hold are marked on the result.

    A line of an older writer has none of it, and is a search still; a page before the first is none.
    """
    search = _search(11).model_copy(
        update={
            "asked": "vélo ☂",
            "visitor": "v",
            "check_in": DAY,
            "check_out": DAY + timedelta(days=3),
            "lead_days": 2,
            "filters": {"amenities": ["wifi"], "min_beds": ["2"]},
            "page": 2,
            "kept_out": [
                KeptOut(filter="amenities", value="wifi", more=7),
                KeptOut(filter="min_beds", value=None, more=1),
            ],
            "nothing_because": NoResults.ONE_FILTER,
            "degraded": ["no ranker"],
            "latency_ms": 12.5,
        }
    )
    older = json.loads(_search(12).model_dump_json())
    later = (
        "asked",
        "visitor",
        "filters",
        "page",
        "page_size",
        "kept_out",
        "nothing_because",
        "degraded",
        "latency_ms",
    )
    for name in later:
        del older[name]
    early = _search(13).model_copy(update={"page": 0})
    acts = [_stay(search, kind, 11, at=AT) for kind in (QuoteEvent, HoldEvent)]
    _append(lake, DAY, search, json.dumps(older), early, *acts)
    assert _counts(_stage(spark, Scope(DAY, (MARKET,), lake)))[REJECTED_EVENTS] == 1
    partition = (DAY.isoformat(), MARKET)
    columns = ["asked", "nights", "lead_days", "page", "shown", "kept_out_by", "kept_out", "nothing_because"]
    rows = read_table(STAGED_SEARCHES, lake, partition, columns=[*columns, "filters", "degraded", "latency_ms"])
    told = {row.pop("asked"): row for row in rows.to_pylist()}
    assert set(told["vélo ☂"].pop("filters")) == {"amenities", "min_beds"}
    assert list(told["vélo ☂"].values()) == [3, 2, 2, 1, "amenities", 7, "one_filter", ["no ranker"], 12.5]
    assert list(told[None].values()) == [None, None, 1, 1, None, None, None, [], [], None]
    columns = ["listing_id", "clicked", "quoted", "held", "booked"]
    shown = read_table(STAGED_IMPRESSIONS, lake, partition, columns=columns).sort_by("listing_id").to_pylist()
    assert [tuple(row.values()) for row in shown] == [(11, False, True, True, False), (12, *[False] * 4)]


@pytest.mark.spark
def test_flexible_dates_and_the_stays_shown_are_staged(spark: SparkSession, lake: str) -> None:
    """What was left open stands in the search, each result's own stay beside it; fixed dates are every result's."""
    own = Stay(DAY + timedelta(days=5), DAY + timedelta(days=7))
    flexible, fixed = _search(21), _search(22)
    flexible = flexible.model_copy(
        update={
            "flexible": FlexibleDates(kind="weekend", nights=2, months=["2026-03", "2026-05"]),
            "area": "polygon",
            "results": [flexible.results[0].model_copy(update={"check_in": own.check_in, "check_out": own.check_out})],
        }
    )
    fixed = fixed.model_copy(update={"check_in": DAY, "check_out": DAY + timedelta(days=3)})
    older = json.loads(_search(23).model_dump_json())
    for name in ("flexible", "area"):
        del older[name]
    for name in ("check_in", "check_out"):
        del older["results"][0][name]
    _append(lake, DAY, flexible, fixed, json.dumps(older))
    _stage(spark, Scope(DAY, (MARKET,), lake))
    partition = (DAY.isoformat(), MARKET)
    columns = ["search_id", "nights", "flexible", "flexible_days", "flexible_months", "area"]
    rows = {
        str(row.pop("search_id")): row
        for row in read_table(STAGED_SEARCHES, lake, partition, columns=columns).to_pylist()
    }
    assert list(rows[str(flexible.search_id)].values()) == [2, "weekend", None, ["2026-03", "2026-05"], "polygon"]
    assert list(rows[str(fixed.search_id)].values()) == [3, None, None, None, None]
    assert list(rows[older["search_id"]].values()) == [None] * 5
    columns = ["listing_id", "check_in", "check_out"]
    shown = read_table(STAGED_IMPRESSIONS, lake, partition, columns=columns).sort_by("listing_id").to_pylist()
    assert [tuple(row.values()) for row in shown] == [
        (21, own.check_in, own.check_out),
        (22, DAY, DAY + timedelta(days=3)),
        (23, None, None),
    ]


def test_a_late_click_of_another_market_outdates_a_day() -> None:
    """A day is one: a click in one market's file has the searches of the others staged again, the day before too."""
    now = datetime(2026, 3, 10, tzinfo=UTC)
    markets = (MARKET, "oslo")
    old = [EventFile("x", (f"2026-03-{day:02d}", market), now) for day in (3, 4, 5) for market in markets]
    staged = {one.partition: now + timedelta(hours=1) for one in old}
    clicked = EventFile("x", ("2026-03-05", "oslo"), now + timedelta(hours=2))
    found = outdated([*old, clicked], staged, day=date(2026, 3, 10), attribution=1)
    assert found == {(f"2026-03-{day:02d}", market) for day in (4, 5) for market in markets}


def test_outdated_days() -> None:
    """A day is staged again when its file is newer, with the day before it; the last days always."""
    now = datetime(2026, 3, 10, tzinfo=UTC)

    def file(day: int, *, changed: datetime) -> EventFile:
        return EventFile("x", (f"2026-03-{day:02d}", MARKET), changed)

    old, new = now - timedelta(days=5), now + timedelta(hours=1)
    files = [file(1, changed=old), file(4, changed=old), file(5, changed=new), file(10, changed=old)]
    staged = {one.partition: now for one in files}
    found = outdated(files, staged, day=date(2026, 3, 10), attribution=1)
    assert sorted(day for day, _ in found) == ["2026-03-04", "2026-03-05", "2026-03-10"]
