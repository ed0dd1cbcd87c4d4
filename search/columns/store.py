"""Listings as columns, found by their number: filled from index documents, kept up with changes to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from search.columns.derived import derived_of, note
from search.columns.encoding import (
    NIGHTS,
    NightPrices,
    StayBits,
    night_prices,
    read_prices,
    read_tokens,
    stay_bits,
)
from search.columns.filling import put, put_bits, put_prices
from search.columns.layout import Ordered
from search.columns.map_tiles import around
from search.columns.merging import Part, Whole, Words, in_memory, merged
from search.columns.table import (
    CODED,
    FEES,
    NO_CODE,
    NO_PRICE,
    RATES,
    RULES,
    Table,
    empty_table,
    mercator_north,
)
from search.facets import FACETS, Facet
from search.request import Bounds
from search.ring import RING

CODED_FACETS: Final = tuple(facet for facet in FACETS if facet.unbounded or facet.follows_reviews)
"""Facets of which a listing has one value of many, or of ever new ones."""
BIT_FACETS: Final = tuple(facet for facet in FACETS if facet not in CODED_FACETS)
"""Facets with so few values that each one has a bit column."""
CODES: Final = (*(facet.name for facet in CODED_FACETS), *CODED)
"""Columns of the table's `codes`."""
BITS: Final = tuple(facet.name for facet in BIT_FACETS)
"""Facets that have columns of the table's `values`, in order."""
_READ: Final[tuple[tuple[str, Callable[[Any], Collection[Any]]], ...]] = (
    *((facet.field, facet.values) for facet in CODED_FACETS),
    *((name, lambda value: () if value is None else (value,)) for name in CODED),
)
"""Field of the document that each column of `codes` is read from, and its values."""
_NEAR_ROWS: Final = 1024
"""Rows between two of a market over which its run goes on: cheaper to look at than to jump over."""
BATCH: Final = 512
"""Documents read at a time."""
_DRAFT: Final = 16 * BATCH


@dataclass(frozen=True)
class Vocabulary:
    """Values of a field (numbers where they are counted by steps), and their codes: places in the list."""

    values: list[Any]
    codes: dict[Any, int]

    @classmethod
    def of(cls, values: Iterable[Any] = ()) -> Vocabulary:
        """Make one that knows some values, and learns."""
        known = list(values)
        return cls(known, {value: code for code, value in enumerate(known)})

    def learn(self, value: Any) -> int:
        """Code of a value, a new one where it is not known."""
        code = self.codes.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
        return code


class Columns:
    """Columns of listings in any order, written from the fields of their documents."""

    def __init__(self, table: Table, words: Words, *, odd_used: int = 0) -> None:
        self.table = table
        self.vocabularies = {
            **{name: Vocabulary.of(words.values.get(name, ())) for name in CODES},
            **{name: Vocabulary.of(words.bits.get(name, ())) for name in BITS},
        }
        self.first_bit = np.array(self.words.first_bits)
        self._odd_used = odd_used
        self._odd_room: dict[int, int] = {}
        self._large_used = max(0, -int(table.prices.unit.min(initial=0)))
        self._large_row: dict[int, int] = {}

    @classmethod
    def drafted(
        cls, batches: Iterable[Sequence[Mapping[str, Any]]], *, listings: int, are_whole: bool = True
    ) -> Columns:
        """Write documents, in the order in which they come.

        Parameters
        ----------
        batches
            Documents of :func:`search.document.build_document`, some at a time.
        listings
            How many they are together.
        are_whole
            Whether a field that a document lacks is an error.
        """
        columns = cls(empty_table(listings, coded=len(CODES), values=0), Words({}, {}))
        first = 0
        for documents in batches:
            rows = np.arange(first, first + len(documents))
            columns._place(rows, documents)
            columns._write(rows, documents, are_whole=are_whole)
            first += len(documents)
        return columns

    @property
    def words(self) -> Words:
        """Values of the codes and the bits."""
        return Words(
            {name: self.vocabularies[name].values for name in CODES},
            {name: self.vocabularies[name].values for name in BITS},
        )

    def bit_of(self, facet: str, value: Any) -> int:
        """Which bit column stands for a value of a facet."""
        return int(self.bits_of(facet).start) + self.vocabularies[facet].codes[value]

    def bits_of(self, facet: str) -> slice:
        """Which bit columns stand for the values of a facet, in the order of its vocabulary."""
        first = int(self.first_bit[BITS.index(facet)])
        return slice(first, first + len(self.vocabularies[facet].values))

    def _make_bits(self) -> None:
        """Make room for the values that were learned, a bit column each."""
        had = self.first_bit
        self.first_bit = need = np.array(self.words.first_bits)
        if np.array_equal(need, had):
            return
        traits = self.table.traits
        more = np.zeros((need[-1], traits.values.shape[1]), np.uint64)
        for place in range(len(BITS)):
            held = traits.values[had[place] : had[place + 1]]
            more[need[place] : need[place] + len(held)] = held
        self.table = self.table._replace(traits=traits._replace(values=more))

    def _place(self, rows: NDArray[np.int64], documents: Sequence[Mapping[str, Any]]) -> None:
        """Write what never changes while the store lives."""
        table, places = self.table, self.table.places
        table.listing_id[rows] = [document["listing_id"] for document in documents]
        latitudes = [document["location"]["lat"] for document in documents]
        places.latitude[rows] = latitudes
        places.longitude[rows] = [document["location"]["lon"] for document in documents]
        places.north[rows] = list(map(mercator_north, latitudes))

    def _write_bits(self, facet: Facet, rows: NDArray[np.int64], told: Sequence[Any]) -> None:
        """Write what listings have of a facet, given what stands in its field."""
        held = told if facet.many else list(map({v: facet.values(v) for v in dict.fromkeys(told)}.__getitem__, told))
        vocabulary = self.vocabularies[facet.name]
        codes = {value: vocabulary.learn(value) for value in dict.fromkeys(chain.from_iterable(held))}
        self._make_bits()
        flags = np.zeros((len(rows), len(vocabulary.values)), np.bool_)
        owners = np.repeat(np.arange(len(rows)), list(map(len, held)))
        flags[owners, np.fromiter(map(codes.__getitem__, chain.from_iterable(held)), np.int64)] = True
        put_bits(self.table.traits.values[self.bits_of(facet.name)], rows, flags)

    def _write(
        self, rows: NDArray[np.int64], listings: Sequence[Mapping[str, Any]], *, are_whole: bool = False
    ) -> None:
        """Write what fields say of each row, field after field; what they do not speak of stays, if they need not."""
        told_of = _all_told if are_whole else _told
        for facet in BIT_FACETS:
            told, values = told_of(facet.field, rows, listings)
            if len(told):
                self._write_bits(facet, told, values)
        table = self.table
        for place, (name, (field, values_of)) in enumerate(zip(CODES, _READ, strict=True)):
            told, values = told_of(field, rows, listings)
            codes = {value: self._code(name, values_of(value)) for value in dict.fromkeys(values)}
            put(table.traits.codes[:, place], told, [codes[value] for value in values])
        for columns, names, null in self._numbers():
            for place, name in enumerate(names):
                told, values = told_of(name, rows, listings)
                put(columns[:, place], told, [null if value is None else value for value in values])
        told, values = told_of("is_active", rows, listings)
        put_bits(table.nights.active[np.newaxis], told, np.array(values, np.bool_)[:, np.newaxis])
        told, tokens = told_of("stay_tokens", rows, listings)
        if len(told):
            self._write_stays(told, read_tokens(tokens))
        told, sums = told_of("price_sum", rows, listings)
        if len(told):
            self._write_prices(told, read_prices(sums))
        told, nights = _told(NIGHTS, rows, listings)
        if len(told):
            self._write_stays(told, stay_bits([one.arrivals for one in nights]))
            self._write_prices(told, night_prices([one.nightly for one in nights]))

    def _numbers(self) -> tuple[tuple[NDArray[Any], tuple[str, ...], float], ...]:
        """Columns of numbers, the fields that stand in them, and what stands for null."""
        table = self.table
        return (
            (table.traits.accommodates[:, np.newaxis], ("accommodates",), 0),
            (table.traits.rating[:, np.newaxis], ("rating",), np.nan),
            (table.stays.numbers, RULES, 0),
            (table.prices.fees.T, FEES, 0),
            (table.prices.rates, RATES, 0),
            (table.prices.usual[:, np.newaxis], ("nightly_price_minor",), NO_PRICE),
            (table.popularity[:, np.newaxis], ("popularity",), -np.inf),
            (table.review_count[:, np.newaxis], ("review_count",), 0),
        )

    def _code(self, name: str, values: Collection[Any]) -> int:
        """Code of the one value, or that of none."""
        return next((self.vocabularies[name].learn(value) for value in values), NO_CODE)

    def _write_stays(self, rows: NDArray[np.int64], bits: StayBits) -> None:
        nights, odd = self.table.nights, self.table.stays.odd
        for column, values in ((nights.free, bits.free), (nights.closed, bits.closed), (odd, bits.odd)):
            put_bits(column, rows, values)
        ends = np.cumsum(bits.odd_count)
        for row, end, count in zip(rows.tolist(), ends.tolist(), bits.odd_count.tolist(), strict=True):
            self._write_odd(row, bits.odd_rules[end - count : end])

    def _write_odd(self, row: int, rules: NDArray[np.int64]) -> None:
        stays, count = self.table.stays, len(rules)
        held = int(stays.odd_count[row])
        room = self._odd_room.get(row, held)
        if count > room:
            stays.odd_from[row] = self._room_for(count)
        self._odd_room[row] = max(room, count)
        first = stays.odd_from[row]
        put(self.table.stays.odd_rules, np.arange(first, first + count), rules)
        if count != held:
            stays.odd_count[row] = count

    def _room_for(self, count: int) -> int:
        """Take room at the end of the odd rules, which grow; what a listing had before is idle until the next build."""
        first, self._odd_used = self._odd_used, self._odd_used + count
        stays = self.table.stays
        if self._odd_used > len(stays.odd_rules):
            longer = np.zeros(2 * self._odd_used, np.int64)
            longer[:first] = stays.odd_rules[:first]
            self.table = self.table._replace(stays=stays._replace(odd_rules=longer))
        return first

    def _write_prices(self, rows: NDArray[np.int64], told: NightPrices) -> None:
        fits = told.fits
        units = np.where(fits, told.unit, 0)
        put_prices(self.table.prices.nightly, rows[fits], np.maximum(units[fits], 1), told.nightly[fits])
        for place in np.flatnonzero(~fits).tolist():
            large_row = self._large_row_of(int(rows[place]))
            self.table.prices.large[large_row] = told.nightly[place]
            units[place] = -1 - large_row
        put(self.table.prices.unit, rows, units)

    def _large_row_of(self, row: int) -> int:
        """Row of the large prices for a listing: the one it had, or a new one."""
        prices = self.table.prices
        if prices.unit[row] < 0:
            return int(-1 - prices.unit[row])
        if row not in self._large_row:
            self._large_row[row], self._large_used = self._large_used, self._large_used + 1
            if self._large_used > len(prices.large):
                longer = np.zeros((2 * self._large_used, RING), np.int64)
                longer[: len(prices.large)] = prices.large
                self.table = self.table._replace(prices=prices._replace(large=longer))
        return self._large_row[row]


@dataclass(frozen=True)
class MarketRows:
    """Where a market is.

    Attributes
    ----------
    runs
        (r, 2) rows that hold all of its listings, and few others.
    bounds
        The box that they lie in.
    """

    runs: NDArray[np.int64]
    bounds: Bounds


class ColumnStore(Columns):
    """Listings of a marketplace as columns.

    Not for two threads at once: a search must see each change whole.

    Parameters
    ----------
    source
        Brings the documents of :func:`search.document.build_document`; a listing twice counts with its last one. Or the
        columns themselves.
    """

    def __init__(self, source: Callable[[], Iterable[Mapping[str, Any]]] | Whole) -> None:
        whole = source if isinstance(source, Whole) else merged(_drafts(source()), in_memory)
        super().__init__(whole.columns.table, whole.words, odd_used=whole.odd_used)
        self.keys = whole.columns.keys
        self._by_id = whole.columns.by_id
        self.derived = derived_of(self.table)
        self.markets = {name: self._market(rows) for name, rows in self._rows_of_markets().items() if len(rows)}

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def whole(self) -> Whole:
        """The columns themselves."""
        return Whole(Ordered(self.table, self.keys, self._by_id), self.words, self._odd_used)

    def listing_ids(self, markets: Collection[str]) -> list[int]:
        """Numbers of the listings of some markets."""
        codes = [code for name, code in self.vocabularies["market"].codes.items() if name in markets]
        rows = np.isin(self.table.traits.codes[:, CODES.index("market")], codes)
        return [int(listing_id) for listing_id in self.table.listing_id[rows]]

    def rows_of(self, listing_ids: Collection[int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Row of each listing, and whether it is held: where one stands never changes while its store lives."""
        ids, known = np.fromiter(listing_ids, np.int64, len(listing_ids)), self.table.listing_id
        if not len(known):
            return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.bool_)
        places = np.searchsorted(known, ids, sorter=self._by_id)
        rows = self._by_id[np.minimum(places, len(known) - 1)]
        return rows, known[rows] == ids

    def update(self, changes: Mapping[int, Mapping[str, Any]]) -> int:
        """Replace parts of listings; says how many were there.

        Parameters
        ----------
        changes
            By listing_id, fields of the document that follow from its calendar, rate plan and reviews, as
            :func:`search.live.update_documents` takes them, or as :func:`search.columns.encoding.night_fields` has
            those of the calendar. Listings that are not held wait for the next build.
        """
        rows, held = self.rows_of(changes)
        fields = [one for one, is_held in zip(changes.values(), held.tolist(), strict=True) if is_held]
        try:
            self._write(rows[held], fields)
        finally:  # what was written before it failed stands, and the change is written again
            note(self.derived, self.table, rows[held])
        return len(fields)

    def compile_changes(self) -> None:
        """Have what writes changes compiled: the first one would wait seconds for it, and all searches behind it."""
        nobody = np.zeros(0, np.int64)
        self._write_stays(nobody, stay_bits([]))
        self._write_prices(nobody, night_prices([]))
        put_bits(self.table.nights.active[np.newaxis], nobody, np.zeros((0, 1), np.bool_))
        note(self.derived, self.table, nobody)

    def _market(self, rows: NDArray[np.int64]) -> MarketRows:
        return MarketRows(_near_runs(rows), around(self.table.places.latitude[rows], self.table.places.longitude[rows]))

    def _rows_of_markets(self) -> dict[str, NDArray[np.int64]]:
        """Ascending rows of each market."""
        codes = self.table.traits.codes[:, CODES.index("market")]
        order = np.argsort(codes, kind="stable")
        names = self.vocabularies["market"].values
        bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
        return {name: order[bounds[n] : bounds[n + 1]] for n, name in enumerate(names)}


def _drafts(documents: Iterable[Mapping[str, Any]]) -> list[Part]:
    """Columns of some thousand documents each, so that the documents are never all in memory."""
    rest = iter(documents)
    drafts: list[Part] = []
    while (chunk := list(islice(rest, _DRAFT))) or not drafts:
        batches = (chunk[first : first + BATCH] for first in range(0, len(chunk), BATCH))
        draft = Columns.drafted(batches, listings=len(chunk))
        drafts.append(Part(draft.table, draft.words))
    return drafts


def _all_told(
    name: str, rows: NDArray[np.int64], listings: Sequence[Mapping[str, Any]]
) -> tuple[NDArray[np.int64], list[Any]]:
    """Rows of the listings, of all of which a field is told, and what it says."""
    return rows, list(map(itemgetter(name), listings))


def _told(
    name: str, rows: NDArray[np.int64], listings: Sequence[Mapping[str, Any]]
) -> tuple[NDArray[np.int64], list[Any]]:
    """Rows of the listings of which a field is told, and what it says."""
    try:
        return _all_told(name, rows, listings)
    except KeyError:  # a change tells some fields of some listings
        places = [place for place, fields in enumerate(listings) if name in fields]
        return rows[places], [listings[place][name] for place in places]


def _near_runs(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Runs that hold ascending rows, at least one, over gaps of a few others."""
    breaks = np.flatnonzero(np.diff(rows) > _NEAR_ROWS)
    return np.stack([rows[np.r_[0, breaks + 1]], rows[np.r_[breaks, len(rows) - 1]] + 1], axis=1)
