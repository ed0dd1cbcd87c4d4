"""Documents read into columns."""

from __future__ import annotations

import dataclasses

import numpy as np
import orjson
import pytest

from lodestay.calendar import StayCalendar
from search.availability import availability_fields
from search.columns.encoding import (
    NIGHTS,
    StayBits,
    night_fields,
    night_prices,
    read_prices,
    read_tokens,
    stay_bits,
)
from search.columns.table import PART, PART_MASK, RULES
from search.document import calendar_fields
from search.ring import RING, slot, window
from search.stay_price import price_fields
from tests.search.marketplace import TODAY, random_calendar


@pytest.mark.parametrize("seed", range(40))
def test_tokens_are_read_back(seed: int) -> None:
    """Free nights are those of the calendar; rules are of odd arrivals, and allow something."""
    calendar = random_calendar(np.random.default_rng(seed))
    bits = read_tokens([availability_fields(calendar, today=TODAY)["stay_tokens"]])
    expected = np.zeros(RING, np.bool_)
    for column in window(calendar, TODAY):
        expected[(slot(calendar.start) + column) % RING] = calendar.free[column]
    assert (bits.free[0] == expected).all()
    for rule in bits.odd_rules.tolist():
        first, last, low, high = (rule >> shift * PART & PART_MASK for shift in (3, 2, 1, 0))
        assert bits.odd[0, first : last + 1].all()
        assert low <= high


def test_a_season_is_one_rule() -> None:
    """Seventy arrivals with the same minimum are one rule, however many tokens say so."""
    nights = np.arange(365)
    calendar = StayCalendar(
        start=TODAY,
        price_minor=np.ones(365, np.int64),
        free=np.ones(365, np.bool_),
        min_stay=np.where((nights >= 10) & (nights < 80), 5, 2).astype(np.int32),
        max_stay=np.full(365, 28, np.int32),
        closed_to_arrival=np.zeros(365, np.bool_),
        closed_to_departure=np.zeros(365, np.bool_),
        advance_notice_days=0,
    )
    bits = read_tokens([availability_fields(calendar, today=TODAY)["stay_tokens"]])
    assert bits.odd.sum() == 70
    assert 1 <= len(bits.odd_rules) <= 2  # two where the ring ends within the season


def test_listings_are_read_together_as_one_by_one() -> None:
    """Tokens and sums of many listings say the same of each as its own do: none runs over into the next."""
    rng = np.random.default_rng(9)
    fields = [calendar_fields(random_calendar(rng), today=TODAY) for _ in range(30)]
    fields[7], fields[8] = ({"stay_tokens": None, "price_sum": None} for _ in range(2))
    bits = read_tokens([each["stay_tokens"] for each in fields])
    prices = read_prices([each["price_sum"] for each in fields])
    ends = np.cumsum(bits.odd_count)
    for place, each in enumerate(fields):
        alone, price = read_tokens([each["stay_tokens"]]), read_prices([each["price_sum"]])
        assert (bits.free[place] == alone.free[0]).all()
        assert (bits.closed[place] == alone.closed[0]).all()
        assert (bits.odd[place] == alone.odd[0]).all()
        rules = bits.odd_rules[ends[place] - bits.odd_count[place] : ends[place]]
        assert rules.tolist() == alone.odd_rules.tolist()
        assert (prices.nightly[place] == price.nightly[0]).all()
        assert prices.unit[place] == price.unit[0]
    assert bits.odd_count.sum() > 30


def test_calendars_are_taken_as_their_documents_are_read() -> None:
    """What is written of a calendar itself is what its tokens and sums say, to the bit; a break of either is seen."""
    rng = np.random.default_rng(4)
    calendars = [random_calendar(rng) for _ in range(300)]
    documents = [calendar_fields(each, today=TODAY) for each in calendars]
    fields = [night_fields(each, today=TODAY) for each in calendars]
    told = stay_bits([each[NIGHTS].arrivals for each in fields])
    read = read_tokens([each["stay_tokens"] for each in documents])
    for field in dataclasses.fields(StayBits):
        np.testing.assert_array_equal(getattr(told, field.name), getattr(read, field.name), field.name)
    prices = night_prices([each[NIGHTS].nightly for each in fields])
    sums = read_prices([each["price_sum"] for each in documents])
    np.testing.assert_array_equal(prices.nightly, sums.nightly)
    np.testing.assert_array_equal(prices.unit, sums.unit)
    for document, each in zip(documents, fields, strict=True):
        assert {name: each[name] for name in RULES} == {name: document[name] for name in RULES}
    assert told.odd_count.sum() > 300
    assert any(each["stay_tokens"] is None for each in documents)


def test_no_tokens_are_no_free_night() -> None:
    """A listing without a calendar is never free, and has no price."""
    assert not read_tokens([None]).free.any()
    assert read_prices([None]).unit.tolist() == [0]


def test_prices_are_read_back() -> None:
    """Nights add up to the sums of the document, as they are and as JSON, and the unit is as large as it can be."""
    rng = np.random.default_rng(3)
    said = [price_fields(random_calendar(rng), today=TODAY)["price_sum"] for _ in range(40)]
    known = [sums for sums in said if sums is not None]
    assert len(known) > 20
    read, again = read_prices(known), read_prices([orjson.dumps(sums) for sums in known])
    assert (read.nightly == again.nightly).all()
    assert (read.unit == again.unit).all()
    for nightly, unit, sums in zip(read.nightly, read.unit.tolist(), known, strict=True):
        assert np.cumsum(nightly).tolist() == [*(sums[str(n)] for n in range(1, RING)), sums["0"]]
        assert unit == (np.gcd.reduce(nightly) or 1)


def test_a_price_in_sixteen_bits_or_not() -> None:
    """Whole units up to 65,535 fit; one more does not, nor does a price of which the unit is lost."""
    for nights, fits in (([65_535, 1], True), ([65_536, 1], False), ([65_536, 256], True), ([0, 0], True)):
        sums = np.zeros(RING, np.int64)
        sums[3:], sums[4:], sums[0] = nights[0], sum(nights), sum(nights)
        read = read_prices([{str(n): total for n, total in enumerate(sums.tolist())}])
        assert read.fits.tolist() == [fits]


def test_a_token_of_no_day_is_refused() -> None:
    """What would be written beyond the columns is an error, and not somebody else's memory."""
    with pytest.raises(ValueError, match="not on the ring"):
        read_tokens(["n3 n366"])


@pytest.mark.parametrize("text", [b"{}", b'{"0":1}', b'{"400":1}', b"{", b""])
def test_sums_that_are_not_whole_are_refused(text: bytes) -> None:
    """Sums of other slots than the ring's are an error, not a free night."""
    with pytest.raises(ValueError, match=r"ring|slots"):
        read_prices([text])
