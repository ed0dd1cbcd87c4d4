"""Listings as columns, found by their number: filled from index documents, kept up with changes to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from search.columns.encoding import RunningSums, StayBits, read_sums, read_tokens
from search.columns.map_tiles import around
from search.columns.places import cell_keys
from search.columns.table import CODED, LEAST, NO_CODE, NO_PRICE, RULES, TERMS, WORD, empty_table, mercator_north
from search.facets import FACETS
from search.request import Bounds

CODED_FACETS: Final = tuple(facet for facet in FACETS if not facet.many)
"""Facets of which a listing has one value."""
BIT_FACETS: Final = tuple(facet for facet in FACETS if facet.many)
"""Facets of which a listing may have several values."""
CODES: Final = (*(facet.name for facet in CODED_FACETS), *CODED)
"""Rows of the table's `codes`."""
_READ: Final[tuple[tuple[str, Callable[[Any], Iterable[Any]]], ...]] = (
    *((facet.field, facet.values) for facet in CODED_FACETS),
    *((name, lambda value: () if value is None else (value,)) for name in CODED),
)
"""Field of the document that each row of `codes` is read from, and its values."""
_BIT_PLACES: Final = {facet.name: place for place, facet in enumerate(BIT_FACETS)}
_WORD_MASK: Final = (1 << WORD) - 1
_NEAR_ROWS: Final = 1024
"""Rows between two of a market over which its run goes on: cheaper to look at than to jump over."""


@dataclass(frozen=True)
class Vocabulary:
    """Values of a field (numbers where they are counted by steps), and their codes: places in the list."""

    values: list[Any]
    codes: dict[Any, int]

    @classmethod
    def empty(cls) -> Vocabulary:
        """Make one that learns."""
        return cls([], {})

    def learn(self, value: Any) -> int:
        """Code of a value, a new one where it is not known."""
        code = self.codes.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
        return code


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


class ColumnStore:
    """Listings of a marketplace as columns.

    Not for two threads at once: a search must see each change whole.

    Parameters
    ----------
    read
        Brings the documents of :func:`search.document.build_document`, the same ones each time: once to see where they
        lie, once to take them up, so that they are never all in memory. A listing twice counts with its last one.
    """

    def __init__(self, read: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
        self.vocabularies = {name: Vocabulary.empty() for name in (*CODES, *(facet.name for facet in BIT_FACETS))}
        places: dict[int, tuple[float, float]] = {}
        for document in read():
            places[document["listing_id"]] = document["location"]["lat"], document["location"]["lon"]
            for facet in BIT_FACETS:
                for value in document[facet.field]:
                    self.vocabularies[facet.name].learn(value)
        ordered, self.keys = _in_order(places)
        words = [-(-len(self.vocabularies[facet.name].values) // WORD) for facet in BIT_FACETS]
        self.first_word = np.cumsum([0, *words])
        self.table = empty_table(len(ordered), coded=len(CODES), bit_words=int(self.first_word[-1]), prices=np.uint32)
        self._rows = {listing_id: row for row, listing_id in enumerate(ordered)}
        self._odd_room = np.zeros(len(ordered), np.int64)
        self._odd_used = 0
        for document in read():
            row = self._rows[document["listing_id"]]
            self._place(row, document)
            self._write(row, document)
        self.markets = {name: self._market(rows) for name, rows in self._rows_of_markets().items() if len(rows)}

    def __len__(self) -> int:
        return len(self._rows)

    def listing_ids(self, markets: Collection[str]) -> list[int]:
        """Numbers of the listings of some markets."""
        codes = [code for name, code in self.vocabularies["market"].codes.items() if name in markets]
        rows = np.isin(self.table.traits.codes[CODES.index("market")], codes)
        return [int(listing_id) for listing_id in self.table.listing_id[rows]]

    def bit_of(self, facet: str, value: str) -> int:
        """Which of a row's bits stands for a value of a facet."""
        return self._first_bit(facet) + self.vocabularies[facet].codes[value]

    def bits_of(self, facet: str) -> slice:
        """Which of a row's bits stand for the values of a facet, in the order of its vocabulary."""
        first = self._first_bit(facet)
        return slice(first, first + len(self.vocabularies[facet].values))

    def _first_bit(self, facet: str) -> int:
        return WORD * int(self.first_word[_BIT_PLACES[facet]])

    def update(self, changes: Mapping[int, Mapping[str, Any]]) -> int:
        """Replace parts of listings; says how many were there.

        Parameters
        ----------
        changes
            As :func:`search.live.update_documents` takes them: by listing_id, fields of the document that follow from
            its calendar, rate plan and reviews. Listings that are not held wait for the next build.
        """
        held = {self._rows[listing_id]: fields for listing_id, fields in changes.items() if listing_id in self._rows}
        for row, fields in held.items():
            self._write(row, fields)
        return len(held)

    def _place(self, row: int, document: Mapping[str, Any]) -> None:
        """Write what never changes while the store lives."""
        table, location = self.table, document["location"]
        places = table.places
        table.listing_id[row] = document["listing_id"]
        places.latitude[row], places.longitude[row] = location["lat"], location["lon"]
        places.north[row] = mercator_north(location["lat"])
        for facet, (first, last) in zip(BIT_FACETS, pairwise(self.first_word.tolist()), strict=True):
            codes = self.vocabularies[facet.name].codes
            bits = sum({1 << codes[value] for value in document[facet.field]})
            table.traits.bits[row, first:last] = [bits >> WORD * n & _WORD_MASK for n in range(last - first)]

    def _write(self, row: int, fields: Mapping[str, Any]) -> None:
        """Write what fields say of a row; what they do not speak of stays."""
        table = self.table
        for place, (name, (field, values_of)) in enumerate(zip(CODES, _READ, strict=True)):
            if field in fields:
                codes = [self.vocabularies[name].learn(value) for value in values_of(fields[field])]
                table.traits.codes[place, row] = codes[0] if codes else NO_CODE
        for columns, names, null in self._numbers():
            for place, name in enumerate(names):
                if name in fields:
                    columns[place, row] = null if fields[name] is None else fields[name]
        if "is_active" in fields:
            _set_bit(table.nights.active, row, value=fields["is_active"])
        if "stay_tokens" in fields:
            self._write_stays(row, read_tokens(fields["stay_tokens"]))
        if "price_sum" in fields:
            self._write_sums(row, read_sums(fields["price_sum"]))

    def _numbers(self) -> tuple[tuple[NDArray[Any], tuple[str, ...], float], ...]:
        """Columns of numbers, the fields that stand in them, and what stands for null."""
        table = self.table
        return (
            (table.traits.least, LEAST, np.nan),
            (table.stays.numbers, RULES, 0),
            (table.prices.terms, TERMS, NO_PRICE),
            (table.popularity[np.newaxis], ("popularity",), -np.inf),
            (table.review_count[np.newaxis], ("review_count",), 0),
        )

    def _write_stays(self, row: int, bits: StayBits) -> None:
        nights, stays = self.table.nights, self.table.stays
        for column, values in ((nights.free, bits.free), (nights.closed, bits.closed), (stays.odd, bits.odd)):
            word, bit = divmod(row, WORD)
            mask = np.uint64(1 << bit)
            column[:, word] = np.where(values, column[:, word] | mask, column[:, word] & ~mask)
        count = len(bits.odd_rules)
        if count > self._odd_room[row]:
            stays.odd_from[row], self._odd_room[row] = self._room_for(count), count
        first = stays.odd_from[row]
        self.table.stays.odd_rules[first : first + count] = bits.odd_rules
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

    def _write_sums(self, row: int, sums: RunningSums) -> None:
        prices = self.table.prices
        if not sums.fits and prices.sums.dtype == np.uint32:
            prices = prices._replace(sums=prices.sums.astype(np.uint64))
            self.table = self.table._replace(prices=prices)
        prices.sums[:, row] = sums.sums
        prices.unit[row] = sums.unit

    def _market(self, rows: NDArray[np.int64]) -> MarketRows:
        return MarketRows(_near_runs(rows), around(self.table.places.latitude[rows], self.table.places.longitude[rows]))

    def _rows_of_markets(self) -> dict[str, NDArray[np.int64]]:
        """Ascending rows of each market."""
        codes = self.table.traits.codes[CODES.index("market")]
        order = np.argsort(codes, kind="stable")
        names = self.vocabularies["market"].values
        bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
        return {name: order[bounds[n] : bounds[n + 1]] for n, name in enumerate(names)}


def _in_order(places: Mapping[int, tuple[float, float]]) -> tuple[list[int], NDArray[np.uint32]]:
    """Numbers of listings in the order of where they lie, and their cells' keys."""
    ids = np.fromiter(places, np.int64, len(places))
    points = np.array(list(places.values())).reshape(-1, 2)
    keys = cell_keys(points[:, 0], points[:, 1])
    order = np.lexsort((ids, keys))
    return ids[order].tolist(), keys[order]


def _set_bit(words: NDArray[np.uint64], row: int, *, value: bool) -> None:
    word, bit = divmod(row, WORD)
    mask = np.uint64(1 << bit)
    words[word] = words[word] | mask if value else words[word] & ~mask


def _near_runs(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Runs that hold ascending rows, at least one, over gaps of a few others."""
    breaks = np.flatnonzero(np.diff(rows) > _NEAR_ROWS)
    return np.stack([rows[np.r_[0, breaks + 1]], rows[np.r_[breaks, len(rows) - 1]] + 1], axis=1)
