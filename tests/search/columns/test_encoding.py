"""Documents read into columns."""

from __future__ import annotations

import numpy as np
import pytest

from lodestay.calendar import StayCalendar
from search.availability import availability_fields
from search.columns.encoding import read_sums, read_tokens
from search.columns.table import PART, PART_MASK
from search.ring import RING, slot, window
from search.stay_price import price_fields
from tests.search.marketplace import TODAY, random_calendar


@pytest.mark.parametrize("seed", range(40))
def test_tokens_are_read_back(seed: int) -> None:
    """Free nights are those of the calendar; rules are of odd arrivals, and allow something."""
    calendar = random_calendar(np.random.default_rng(seed))
    bits = read_tokens(availability_fields(calendar, today=TODAY)["stay_tokens"])
    expected = np.zeros(RING, np.bool_)
    for column in window(calendar, TODAY):
        expected[(slot(calendar.start) + column) % RING] = calendar.free[column]
    assert (bits.free == expected).all()
    for rule in bits.odd_rules.tolist():
        first, last, low, high = (rule >> shift * PART & PART_MASK for shift in (3, 2, 1, 0))
        assert bits.odd[first : last + 1].all()
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
    bits = read_tokens(availability_fields(calendar, today=TODAY)["stay_tokens"])
    assert bits.odd.sum() == 70
    assert 1 <= len(bits.odd_rules) <= 2  # two where the ring ends within the season


def test_no_tokens_are_no_free_night() -> None:
    """A listing without a calendar is never free, and has no price."""
    assert not read_tokens(None).free.any()
    assert read_sums(None).unit == 0


def test_sums_are_read_back() -> None:
    """Units times sums are the sums of the document, and the unit is as large as it can be."""
    rng = np.random.default_rng(3)
    said = [price_fields(random_calendar(rng), today=TODAY)["price_sum"] for _ in range(40)]
    known = [sums for sums in said if sums is not None]
    assert len(known) > 20
    for each in known:
        sums = read_sums(each)
        assert (sums.sums * sums.unit).tolist() == [each[str(n)] for n in range(RING)]
        assert np.gcd.reduce(sums.sums) in {0, 1}


def test_a_token_of_no_day_is_refused() -> None:
    """What would be written beyond the columns is an error, and not somebody else's memory."""
    with pytest.raises(ValueError, match="not on the ring"):
        read_tokens("n3 n366")
