"""Documents read into columns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from search.availability import availability_fields
from search.columns.encoding import read_sums, read_tokens
from search.columns.table import LENGTH_MASK, LOW_SHIFT, SLOT_SHIFT
from search.ring import RING, slot, window
from search.stay_price import price_fields
from tests.search.marketplace import TODAY, random_calendar


@pytest.mark.parametrize("seed", range(40))
def test_tokens_are_read_back(seed: int) -> None:
    """Free nights are those of the calendar; rules are sorted, apart, and only of odd arrivals."""
    calendar = random_calendar(np.random.default_rng(seed))
    bits = read_tokens(availability_fields(calendar, today=TODAY)["stay_tokens"])
    expected = np.zeros(RING, np.bool_)
    for column in window(calendar, TODAY):
        expected[(slot(calendar.start) + column) % RING] = calendar.free[column]
    assert (bits.free == expected).all()
    rules = [
        (rule >> SLOT_SHIFT, rule >> LOW_SHIFT & LENGTH_MASK, rule & LENGTH_MASK) for rule in bits.odd_rules.tolist()
    ]
    assert rules == sorted(rules)
    assert all(bits.odd[at] and low <= high for at, low, high in rules)
    assert all(b[1] > a[2] + 1 for a, b in pairwise(rules) if a[0] == b[0])


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
