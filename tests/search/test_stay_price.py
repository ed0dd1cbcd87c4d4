"""The script's total against the pure price, to the unit."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opensearchpy import OpenSearch

from lodestay.pricing import price_stay
from lodestay.stay import Stay
from search.ring import slot
from search.stay_price import PriceScript, exchange_factors, exchanged, price_fields
from tests.search.conftest import IndexedMarketplace
from tests.search.marketplace import HERE, RATES, TODAY, random_calendar


@pytest.mark.opensearch
def test_totals_are_the_pure_price_to_the_unit(opensearch: OpenSearch, marketplace: IndexedMarketplace) -> None:
    """Random stays of every length over the whole ring, for one to nine guests, in every listing with the nights."""
    rng = np.random.default_rng(9)
    supply, compared, wrapped, discounted = marketplace.supply, 0, 0, 0
    for _ in range(80):
        nights = int(rng.choice([1, 2, 6, 7, 27, 28, 90, rng.integers(1, 366)]))
        check_in = TODAY + timedelta(days=int(rng.integers(0, 366 - nights)))
        stay, guests = Stay(check_in, check_in + timedelta(days=nights)), int(rng.integers(1, 10))
        today = None if rng.random() < 0.1 else HERE
        lead_days = None if today is None else (check_in - TODAY).days
        script = PriceScript(stay, guests=guests, factors={}, today=today).amount()
        inside = {"range": {"calendar_until": {"gte": stay.check_out.toordinal()}}}
        body = {"query": inside, "size": 1000, "script_fields": {"total": {"script": script}}}
        for hit in opensearch.search(index=marketplace.alias, body=body)["hits"]["hits"]:
            listing_id = int(hit["_id"])
            calendar = supply.calendars[listing_id]
            if stay.check_in < calendar.start:
                continue
            nights_minor = int(calendar.nightly_prices(stay).sum())
            terms = supply.terms[listing_id]
            price = price_stay(terms, nights_minor=nights_minor, nights=nights, guests=guests, lead_days=lead_days)
            assert hit["fields"]["total"] == [price.total_minor], (listing_id, stay, guests)
            compared += 1
            wrapped += slot(stay.check_out) < slot(stay.check_in)
            discounted += any(terms.lead_discounts_bps(lead_days))
    assert compared > 5_000
    assert wrapped > 500, "the end of the ring must be crossed"
    assert discounted > 1_000, "the time of booking must count"


@given(seed=st.integers(0, 2**32 - 1))
def test_running_sums_give_the_nights_of_any_stay(seed: int) -> None:
    """The two or three sums that the script reads are the sum of the stay's nightly prices."""
    rng = np.random.default_rng(seed)
    calendar = random_calendar(rng)
    fields = price_fields(calendar, today=TODAY)
    if fields["price_sum"] is None:
        return
    first = max(calendar.start, TODAY)
    room = min((calendar.end - first).days, 365)
    nights = int(rng.integers(1, room + 1))
    check_in = first + timedelta(days=int(rng.integers(0, room - nights + 1)))
    stay = Stay(check_in, check_in + timedelta(days=nights))
    reads = PriceScript(stay, guests=1, factors={}).amount()["params"]
    value = sum(_read(fields, f) for f in reads["plus"]) - sum(_read(fields, f) for f in reads["minus"])
    assert value == calendar.nightly_prices(stay).sum()


def test_factors_speak_of_minor_units() -> None:
    """One yen (no decimals) is 0.613 cents; 100 of a currency with three decimals are a tenth of a unit."""
    factors = exchange_factors(RATES | {"KWD": 2.5}, "EUR")
    assert factors["JPY"] == pytest.approx(0.613)
    assert factors["KWD"] == pytest.approx(0.25)
    assert factors["EUR"] == 1.0
    assert exchanged(1_000, factors["JPY"]) == 613


def _read(fields: dict[str, dict[str, int]], field: str) -> int:
    name, number = field.split(".")
    return fields[name][number]
