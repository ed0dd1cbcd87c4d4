"""Tokens and clauses against the one rule that refuses a stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opensearchpy import OpenSearch

from lodestay.stay import Stay
from search import availability
from search.availability import availability_fields, clauses
from search.ring import RING
from search.today import Today
from tests.search.conftest import IndexedMarketplace
from tests.search.marketplace import HERE, TODAY, random_calendar, random_stay


def matches(fields: dict[str, Any], query: dict[str, Any]) -> bool:
    """Match one document against the part of the query language that the clauses use."""
    ((kind, body),) = query.items()
    if kind == "match_none":
        return False
    if kind == "bool":
        should = body.get("should", [])
        return (
            all(matches(fields, q) for q in body.get("filter", []))
            and not any(matches(fields, q) for q in body.get("must_not", []))
            and (not should or any(matches(fields, q) for q in should))
        )
    ((field, asked),) = body.items()
    if kind == "range":
        value = fields[field]
        return value is not None and asked.get("gte", value) <= value <= asked.get("lte", value)
    tokens = (fields[field] or "").split()
    return asked in tokens if kind == "term" else not set(asked).isdisjoint(tokens)


def takes(fields: dict[str, Any], stay: Stay, today: date) -> bool:
    """Whether the document passes every clause."""
    return all(matches(fields, query) for query in clauses(stay, Today(today)))


@given(seed=st.integers(0, 2**32 - 1), start_after=st.integers(0, 800))
@settings(max_examples=150, deadline=None)
def test_clauses_say_what_the_calendar_says(seed: int, start_after: int) -> None:
    """Any calendar, any stay, any day of the ring: found exactly where it is not refused."""
    rng = np.random.default_rng(seed)
    today = TODAY + timedelta(days=start_after)
    calendar = random_calendar(rng, today=today)
    fields = availability_fields(calendar, today=today)
    for _ in range(20):
        stay = random_stay(rng, today=today)
        assert takes(fields, stay, today) == (calendar.refuse(stay, today=today) is None), stay


@given(seed=st.integers(0, 2**32 - 1), days_later=st.integers(0, 400))
@settings(max_examples=100, deadline=None)
def test_an_old_document_never_says_more_than_the_calendar(seed: int, days_later: int) -> None:
    """Days after it was written, a document finds no stay that is refused, and misses only its last nights."""
    rng = np.random.default_rng(seed)
    calendar = random_calendar(rng)
    fields = availability_fields(calendar, today=TODAY)
    today = TODAY + timedelta(days=days_later)
    for _ in range(20):
        stay = random_stay(rng, today=today)
        allowed = calendar.refuse(stay, today=today) is None
        known = stay.check_out <= max(calendar.start, TODAY) + timedelta(days=RING)
        assert takes(fields, stay, today) == (allowed and known)


def test_every_length_and_arrival_of_one_calendar() -> None:
    """Every length from every fifth day of a busy calendar: some 13,000 stays agree, one by one."""
    calendar = random_calendar(np.random.default_rng(11))
    calendar = replace(calendar, advance_notice_days=2)
    fields = availability_fields(calendar, today=TODAY)
    for arrival in range(0, 365, 5):
        for nights in range(1, 366 - arrival):
            check_in = TODAY + timedelta(days=arrival)
            stay = Stay(check_in, check_in + timedelta(days=nights))
            assert takes(fields, stay, TODAY) == (calendar.refuse(stay, today=TODAY) is None), stay


@pytest.mark.parametrize("nights", [1, 6, 7, 90, 365])
def test_clauses_stay_small(nights: int) -> None:
    """A stay of any length needs at most some seventy terms; one of three months about thirty."""
    stay = Stay(TODAY, TODAY + timedelta(days=nights))
    terms = sum(len(q["terms"]["stay_tokens"]) if "terms" in q else 1 for q in _leaves(clauses(stay, HERE)))
    assert terms <= min(nights, 7 + nights // 7) + 18


def test_one_rule_all_year_costs_no_tokens() -> None:
    """A minimum of ninety nights on every night is two numbers, not a token a night."""
    drawn = random_calendar(np.random.default_rng(1))
    calendar = replace(
        drawn,
        min_gap_nights=0,
        fills_gaps=False,
        min_stay_through=None,
        max_stay_through=None,
        min_stay=np.full_like(drawn.min_stay, 90),
        max_stay=np.full_like(drawn.max_stay, 1125),
        closed_to_arrival=np.zeros_like(drawn.closed_to_arrival),
    )
    assert "x" not in availability_fields(calendar, today=TODAY)["stay_tokens"]


def test_the_comparison_would_notice() -> None:
    """With the clauses of rule and departure taken out, stays are found that the calendar refuses."""
    wrong = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        calendar = random_calendar(rng)
        fields, stay = availability_fields(calendar, today=TODAY), random_stay(rng)
        loose = [query for query in clauses(stay, HERE) if "bool" not in query]
        wrong += all(matches(fields, query) for query in loose) and calendar.refuse(stay, today=TODAY) is not None
    assert wrong > 0


@pytest.mark.opensearch
def test_the_engine_agrees(opensearch: OpenSearch, marketplace: IndexedMarketplace) -> None:
    """Four hundred calendars, two hundred stays: the index finds exactly the listings that do not refuse."""
    rng = np.random.default_rng(3)
    listed = {row["listing_id"] for row in marketplace.supply.listings}
    for _ in range(200):
        stay = random_stay(rng)
        body = {"query": {"bool": {"filter": clauses(stay, HERE)}}, "size": 1000, "docvalue_fields": ["listing_id"]}
        hits = opensearch.search(index=marketplace.alias, body=body)["hits"]["hits"]
        free = {
            listing_id
            for listing_id, calendar in marketplace.supply.calendars.items()
            if calendar.refuse(stay, today=TODAY) is None
        }
        assert {hit["fields"]["listing_id"][0] for hit in hits} == free & listed, stay


def test_no_calendar_or_a_past_one_takes_no_stay() -> None:
    """A listing without nights ahead has the same fields, all null."""
    past = random_calendar(np.random.default_rng(5))
    past = replace(past, start=TODAY - timedelta(days=1000))
    nothing = availability_fields(None, today=TODAY)
    assert availability_fields(past, today=TODAY) == nothing == dict.fromkeys(availability.MAPPING)
    assert not takes(nothing, Stay(TODAY, TODAY + timedelta(days=1)), TODAY)


def _leaves(queries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for query in queries:
        inner = query.get("bool")
        nested = [q for group in inner.values() if isinstance(group, list) for q in group] if inner else []
        found += _leaves(nested) if inner else [query]
    return found
