"""What follows from the columns says of every row what the row says, also after changes, and where there is no room."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import histogram
from search.columns import terms as terms_module
from search.columns.asking import ask_of
from search.columns.derived import Derived, derived_of
from search.columns.engine import retrieve
from search.columns.price_bins import bin_of, bins_of
from search.columns.reading import retrieved
from search.columns.sharing import scanned
from search.columns.store import ColumnStore
from search.columns.table import CURRENCY, FEES, MARKET, NO_CODE, RULES, WORD
from search.columns.zones import LENGTHS, ROOM, SEVERAL
from search.document import calendar_fields, rate_fields
from search.fallback import Supply
from search.today import Today
from tests.search.columns.test_answers import plainly, store_of
from tests.search.comparing import assert_same
from tests.search.marketplace import (
    HERE,
    TODAY,
    make_request,
    random_calendar,
    random_request,
    random_supply,
    random_terms,
)

LISTINGS = 300
EDGES = np.array(histogram.EDGES, np.float64)


def changed_store(rng: np.random.Generator) -> ColumnStore:
    """Columns of which a third was changed after they had been made."""
    supply = random_supply(rng, listings=LISTINGS)
    store = store_of(supply)
    changed = [int(row["listing_id"]) for row in supply.listings[::3]]
    store.update(
        {
            number: {
                **calendar_fields(random_calendar(rng), today=TODAY),
                **rate_fields(random_terms(rng, currency=supply.terms[number].currency)),
            }
            for number in changed
        }
    )
    return store


def test_zones_say_what_their_rows_say() -> None:
    """Boxes hold their listings, rules are as strict as the strictest, bits say who has room and who takes a stay."""
    store = changed_store(np.random.default_rng(3))
    table, zones = store.table, store.derived.zones
    notice, window, begin, end = (
        table.stays.numbers[:, RULES.index(name)]
        for name in ("advance_notice_days", "booking_window_days", "calendar_from", "calendar_until")
    )
    word = np.arange(LISTINGS) // WORD
    south, west, north, east, top, foot = zones.boxes[word].T
    assert ((south <= table.places.latitude) & (table.places.latitude <= north)).all()
    assert ((west <= table.places.longitude) & (table.places.longitude <= east)).all()
    assert ((top <= table.places.north) & (table.places.north <= foot)).all()
    strict = zones.rules[word].T
    assert ((strict[0] >= notice) & (strict[1] <= window) & (strict[2] >= begin) & (strict[3] <= end)).all()
    least, most = (table.stays.numbers[:, RULES.index(name)] for name in ("usual_min_stay", "usual_max_stay"))
    for guests in range(1, ROOM + 1):
        assert (flags(zones.room[guests - 1]) == (table.traits.accommodates >= guests)).all()
    markets = table.traits.codes[:, MARKET]
    said = zones.markets[word]
    assert ((said == markets) | (said == SEVERAL)).all()
    assert {*said.tolist()} > {SEVERAL}, "words of one market, and of several"
    for length in range(1, LENGTHS + 1):
        assert (flags(zones.lengths[length - 1]) == ((least <= length) & (length <= most))).all()


def flags(bits: np.ndarray) -> np.ndarray:
    """Bits of the rows, one by one."""
    return np.unpackbits(bits.view(np.uint8), bitorder="little")[:LISTINGS].astype(np.bool_)


def test_terms_say_what_their_rows_say() -> None:
    """A listing's kind and amounts are its own, no kind is there twice, and who has prices apart has none of them."""
    store = changed_store(np.random.default_rng(4))
    terms, table = store.derived.terms, store.table
    assert ((terms.of == NO_CODE) == (table.prices.unit < 0)).all()
    shared = np.flatnonzero(terms.of != NO_CODE)
    assert len(shared) > 10
    kinds = terms.kinds[terms.of[shared]]
    fees = {name: table.prices.fees[place, shared] for place, name in enumerate(FEES)}
    assert (kinds[:, : table.prices.rates.shape[1]] == table.prices.rates[shared]).all()
    assert (kinds[:, terms_module.EXTRA_GUEST_OF] == fees["extra_guest_fee_minor"]).all()
    assert (kinds[:, terms_module.CURRENCY_OF] == table.traits.codes[shared, CURRENCY]).all()
    assert (terms.cleaning[shared] == fees["cleaning_fee_minor"]).all()
    assert (terms.units[shared] == table.prices.unit[shared]).all()
    used = terms.kinds[: terms.used[0]]
    assert len(np.unique(used, axis=0)) == len(used)


def test_more_kinds_than_there_is_room_for_cost_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings whose terms no kind is left for are priced by their own, to the unit."""
    store = store_of(random_supply(np.random.default_rng(5), listings=LISTINGS))
    monkeypatch.setattr(terms_module, "KINDS", 7)
    few = derived_of(store.table)
    assert few.terms.used[0] == 7
    assert 0 < (few.terms.of == NO_CODE).sum() < LISTINGS
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(80):
        request = random_request(rng)
        ask = ask_of(request, store, today=HERE)
        plain = retrieved(request, ask, scanned(store.table, store.derived, ask), store)
        assert retrieved(request, ask, scanned(store.table, few, ask), store) == plain
        found += plain.total_count
    assert found > 100


def test_what_is_derived_wrongly_is_noticed() -> None:
    """Each part decides: with one of its claims turned round, answers are others.

    One market is days behind the others, farther than any is: so long before a stay other discounts hold.
    """
    store = store_of(random_supply(np.random.default_rng(7), listings=LISTINGS))
    zones, terms = store.derived
    in_stockholm = np.tile([59.33, 18.06, 59.33, 18.06, 0.3, 0.3], (len(zones.boxes), 1))
    lax = np.tile(np.array([0, 9_999, 0, 10**6], np.int32), (len(zones.rules), 1))
    wrong = {
        "boxes": Derived(zones._replace(boxes=in_stockholm), terms),
        "rules": Derived(zones._replace(rules=lax), terms),
        "room": Derived(zones._replace(room=~zones.room), terms),
        "lengths": Derived(zones._replace(lengths=~zones.lengths), terms),
        "markets": Derived(zones._replace(markets=np.zeros_like(zones.markets)), terms),
        "terms": Derived(zones, terms._replace(of=np.zeros_like(terms.of))),
        "units": Derived(zones, terms._replace(units=2 * terms.units)),
        "cleaning": Derived(zones, terms._replace(cleaning=terms.cleaning + 100)),
    }
    behind = Today(TODAY, {next(iter(store.markets)): TODAY - timedelta(days=25)})
    for name, derived in wrong.items():
        rng = np.random.default_rng(8)
        asked = [random_request(rng) for _ in range(400)]
        assert any(
            retrieved(request, ask, scanned(store.table, derived, ask), store) != retrieve(request, store, today=behind)
            for request in asked
            for ask in [ask_of(request, store, today=behind)]
        ), name


def test_more_guests_than_a_bit_column_is_kept_for() -> None:
    """Up to fifty guests: who has no room for them is no result, as from rows."""
    rng = np.random.default_rng(9)
    drawn = random_supply(rng, listings=LISTINGS)
    listings = [row | {"accommodates": int(rng.choice([4, 16, 17, 30, 50]))} for row in drawn.listings]
    supply = Supply(listings=listings, calendars=drawn.calendars, terms=drawn.terms)
    store, found = store_of(supply), list[int]()
    for guests in (15, 16, 17, 18, 30, 31, 50, 51):
        request = replace(make_request(), guests=guests)
        answer = retrieve(request, store, today=HERE)
        assert_same(answer, plainly(request, supply), request, within_km=1e-9)
        found.append(answer.total_count)
    assert found[0] > found[2] > found[-2] > found[-1] == 0


@given(st.one_of(st.integers(0, 10**16), st.sampled_from(histogram.EDGES).flatmap(lambda e: st.integers(e - 1, e + 1))))
def test_a_price_is_in_its_bin(minor: int) -> None:
    """The bin that the first bits of a price lead to is the one whose edges it lies between."""
    price = float(max(minor, 0))
    bits = int(np.float64(price).view(np.int64))
    expected = min(bisect_right(histogram.EDGES, price), len(EDGES)) - 1
    assert bin_of.py_func(bits, price, EDGES, bins_of(EDGES)) == expected  # type: ignore[attr-defined]  # Numba's
