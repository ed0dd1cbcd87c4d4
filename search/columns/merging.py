"""Columns of some listings each into columns of all, in Morton's order: column by column, and a night at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from search.columns.layout import AXES, Axis, Ordered, arrays, empty_ordered, rebuilt
from search.columns.places import cell_keys
from search.columns.table import NO_CODE, WORD, Table, words_of

Room = Callable[[str, tuple[int, ...], Any], NDArray[Any]]
"""Makes the array that a column is written to, by its path, shape and type."""
Arrays = dict[str, NDArray[Any]]
"""Columns by their path."""
TABLE: Final = "table."
SPARE: Final = 8
"""One in so many more odd rules there is room for, and prices that need a row of their own."""
_SPARE_PRICES: Final = 64
"""Rows of such prices that there is room for at least."""
WORD_BYTES: Final = WORD // 8


@dataclass(frozen=True)
class Words:
    """What codes and bits stand for: places in these lists.

    Attributes
    ----------
    values
        Of each column of the table's `codes`, in order.
    bits
        Of each facet that has a bit for each value, in order.
    """

    values: dict[str, list[Any]]
    bits: dict[str, list[Any]]

    @property
    def first_bits(self) -> list[int]:
        """Where each facet's bits begin, and after the last one how many there are."""
        return [0, *accumulate(map(len, self.bits.values()))]


@dataclass(frozen=True)
class Part:
    """Columns of some listings, in any order."""

    table: Table
    words: Words


@dataclass(frozen=True)
class Whole:
    """Columns of a marketplace.

    Attributes
    ----------
    odd_used
        Odd rules in use; beyond there is room for more.
    """

    columns: Ordered
    words: Words
    odd_used: int


def in_memory(_path: str, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """Make room in this process."""
    return np.empty(shape, kind)


def merged(parts: Sequence[Part], room: Room) -> Whole:
    """Put parts together, at least one; of a listing that is there twice the last one counts."""
    words = _all_words(parts)
    tables = [arrays(_recoded(part, words)) for part in parts]
    order, keys = _order(tables)
    apart = {"keys": keys, **_odd_rules(tables, order), **_prices_apart(tables, order)}

    def made(path: str) -> NDArray[Any]:
        name = path.removeprefix(TABLE)
        if name == "by_id":
            apart[name] = np.argsort(_together(tables, "listing_id")[order])
        if name in apart:
            column = room(path, apart[name].shape, apart[name].dtype)
            column[...] = apart.pop(name)
            return column
        return _in_order(tables, name, order, lambda shape, kind: room(path, shape, kind))

    odd_used = len(apart["stays.odd_rules"])
    # Else the first change that needs room would copy all of them, and searches wait for it.
    apart["stays.odd_rules"] = np.pad(apart["stays.odd_rules"], (0, odd_used // SPARE))
    large = apart["prices.large"]
    apart["prices.large"] = np.pad(large, ((0, _SPARE_PRICES + len(large) // SPARE), (0, 0)))
    empty = empty_ordered(0, coded=len(words.values), values=words.first_bits[-1])
    return Whole(rebuilt(empty, made), words, odd_used)


def _all_words(parts: Sequence[Part]) -> Words:
    """Words of all parts, each once, in the order in which they come."""
    return Words(_each_once([part.words.values for part in parts]), _each_once([part.words.bits for part in parts]))


def _each_once(lists: Sequence[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    return {name: list(dict.fromkeys(chain.from_iterable(each[name] for each in lists))) for name in lists[0]}


def _recoded(part: Part, words: Words) -> Table:
    """Write a part's codes and bits by the words of all."""
    traits = part.table.traits
    codes = np.empty_like(traits.codes)
    for place, name in enumerate(words.values):
        of_all = {value: code for code, value in enumerate(words.values[name])}
        # The last one stands for null, whose code is one before the first.
        known = np.array([*(of_all[value] for value in part.words.values[name]), NO_CODE])
        codes[:, place] = known[traits.codes[:, place]]
    values = np.zeros((words.first_bits[-1], traits.values.shape[1]), np.uint64)
    for name, first, first_here in zip(words.bits, words.first_bits, part.words.first_bits, strict=False):
        of_all = {value: bit for bit, value in enumerate(words.bits[name], first)}
        here = part.words.bits[name]
        values[[of_all[value] for value in here]] = traits.values[first_here : first_here + len(here)]
    return part.table._replace(traits=traits._replace(codes=codes, values=values))


def _order(tables: Sequence[Arrays]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Places of the listings, part after part, in the order of where they lie; and their cells' keys."""
    ids = _together(tables, "listing_id")
    keys = cell_keys(_together(tables, "places.latitude"), _together(tables, "places.longitude"))
    _, from_the_end = np.unique(ids[::-1], return_index=True)
    kept = len(ids) - 1 - from_the_end
    order = kept[np.lexsort((ids[kept], keys[kept]))]
    return order, keys[order]


def _odd_rules(tables: Sequence[Arrays], order: NDArray[np.int64]) -> Arrays:
    """Odd rules one listing after the other, and where each one's begin."""
    starts = _together(tables, "stays.odd_from", after="stays.odd_rules")[order]
    counts = _together(tables, "stays.odd_count")[order]
    begins = np.cumsum(counts) - counts
    places = np.repeat(starts - begins, counts) + np.arange(counts.sum())
    return {"stays.odd_from": begins, "stays.odd_rules": _together(tables, "stays.odd_rules")[places]}


def _prices_apart(tables: Sequence[Arrays], order: NDArray[np.int64]) -> Arrays:
    """Prices that need a row of their own, and the units, which say whose they are."""
    units = _together(tables, "prices.unit")
    offsets = np.cumsum([0, *(len(table["prices.large"]) for table in tables)])[:-1]
    behind = np.repeat(offsets, [len(table["prices.unit"]) for table in tables])
    rows = np.where(units < 0, behind - 1 - units, NO_CODE)[order]
    apart = np.flatnonzero(rows != NO_CODE)
    units = units[order]
    units[apart] = -1 - np.arange(len(apart))
    return {"prices.unit": units, "prices.large": _together(tables, "prices.large")[rows[apart]]}


def _together(tables: Sequence[Arrays], name: str, *, after: str | None = None) -> NDArray[Any]:
    """Rows of a column, part after part.

    Parameters
    ----------
    after
        They are places in this other column, which is put together as well.
    """
    if after is None:
        return np.concatenate([table[name] for table in tables])
    offsets = np.cumsum([0, *(len(table[after]) for table in tables)])
    return np.concatenate([table[name] + offset for table, offset in zip(tables, offsets[:-1].tolist(), strict=True)])


def _in_order(
    tables: Sequence[Arrays], name: str, order: NDArray[np.int64], room: Callable[[tuple[int, ...], Any], NDArray[Any]]
) -> NDArray[Any]:
    """Put a column's rows in order, as far as it has several numbers a row one after the other."""
    columns, kind = [table[name] for table in tables], tables[0][name].dtype
    axis = AXES[f"{TABLE}{name}"]
    if axis is Axis.ROWS_FIRST:
        made = room((len(order), *columns[0].shape[1:]), kind)
        np.take(np.concatenate(columns), order, axis=0, out=made, mode="clip")
        return made
    bits = axis is Axis.BITS_LAST
    lengths = [len(table["listing_id"]) for table in tables]
    made = room((*columns[0].shape[:-1], words_of(len(order)) if bits else len(order)), kind)
    for index in np.ndindex(columns[0].shape[:-1]):
        if bits:
            flags = [flags_of(column[index])[:length] for column, length in zip(columns, lengths, strict=True)]
            made[index] = bits_of(np.concatenate(flags)[order])
        else:
            np.take(np.concatenate([column[index] for column in columns]), order, out=made[index], mode="clip")
    return made


def flags_of(bits: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Bits one by one, along the last axis."""
    return np.unpackbits(np.ascontiguousarray(bits).view(np.uint8), axis=-1, bitorder="little")


def bits_of(flags: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Put flags into words, along the last axis."""
    packed = np.packbits(flags, axis=-1, bitorder="little")
    lacking = -packed.shape[-1] % WORD_BYTES
    return np.pad(packed, [*[(0, 0)] * (packed.ndim - 1), (0, lacking)]).view(np.uint64)
