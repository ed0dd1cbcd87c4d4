"""Listings as columns, found by their number: filled from index documents, kept up with changes to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from search.columns.encoding import RunningSums, StayBits, read_sums, read_tokens
from search.columns.map_tiles import around
from search.columns.places import cell_keys
from search.columns.table import CODED, LEAST, NO_CODE, NO_PRICE, RULES, TERMS, WORD, empty_table, mercator_north
from search.facets import FACETS
from search.request import Bounds

CODED_FACETS: Final = tuple(facet for facet in FACETS if not facet.all_of)
"""Facets of which a listing has one value."""
CODES: Final = (*(facet.name for facet in CODED_FACETS), *CODED)
"""Rows of the table's `codes`."""
_NEAR_ROWS: Final = 1024
"""Rows between two of a market over which its run goes on: cheaper to look at than to jump over."""


@dataclass(frozen=True)
class Vocabulary:
    """Values of a field, and their codes: places in the list."""

    values: list[str]
    codes: dict[str, int]

    @classmethod
    def empty(cls) -> Vocabulary:
        """Make one that learns."""
        return cls([], {})

    def learn(self, value: str) -> int:
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
        self.vocabularies = {name: Vocabulary.empty() for name in CODES}
        self.amenities = Vocabulary.empty()
        places: dict[int, tuple[float, float]] = {}
        for document in read():
            places[document["listing_id"]] = document["location"]["lat"], document["location"]["lon"]
            for amenity in document["amenities"]:
                self.amenities.learn(amenity)
        ordered, self.keys = _in_order(places)
        words = max(1, -(-len(self.amenities.values) // WORD))
        self.table = empty_table(len(ordered), coded=len(CODES), amenity_words=words, prices=np.uint32)
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
        table.traits.amenities[row] = 0
        for amenity in document["amenities"]:
            word, bit = divmod(self.amenities.codes[amenity], WORD)
            table.traits.amenities[row, word] |= np.uint64(1 << bit)

    def _write(self, row: int, fields: Mapping[str, Any]) -> None:
        """Write what fields say of a row; what they do not speak of stays."""
        table = self.table
        for place, name in enumerate(CODES):
            if name in fields:
                table.traits.codes[place, row] = self._code(name, fields[name])
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

    def _code(self, name: str, value: Any) -> int:
        """Code of a value; flags have the values that :mod:`search.facets` names."""
        if value is None:
            return NO_CODE
        return self.vocabularies[name].learn(str(value).lower() if isinstance(value, bool) else value)

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
