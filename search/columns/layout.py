"""The columns as a list of arrays with names, and what their axes are: all of it told by the table itself."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from search.columns.table import WORD, Table, empty_table, words_of

Columns = TypeVar("Columns", bound=tuple[Any, ...])


class Axis(StrEnum):
    """How a column goes on with the listings."""

    ROWS_FIRST = "rows first"
    ROWS_LAST = "rows last"
    BITS_LAST = "bits last"
    """64 listings in an item."""
    NONE = "none"
    """It has a length of its own."""


class Ordered(NamedTuple):
    """Columns whose rows lie in Morton's order, and how they are found.

    Attributes
    ----------
    keys
        (n,) of the rows' cells (:func:`search.columns.places.cell_keys`), ascending.
    by_id
        (n,) rows in order of their listing's number.
    """

    table: Table
    keys: NDArray[np.uint32]
    by_id: NDArray[np.int64]


def arrays(columns: tuple[Any, ...], prefix: str = "") -> dict[str, NDArray[Any]]:
    """Every array in a tuple of tuples, by its path: ``table.prices.unit``."""
    found: dict[str, NDArray[Any]] = {}
    names: tuple[str, ...] = columns._fields  # type: ignore[attr-defined]  # the tuples are named ones
    for name, column in zip(names, columns, strict=True):
        path = f"{prefix}{name}"
        found |= arrays(column, f"{path}.") if isinstance(column, tuple) else {path: column}
    return found


def rebuilt(columns: Columns, change: Callable[[str], NDArray[Any]], prefix: str = "") -> Columns:
    """Make the same tuples of other arrays, each asked for by its path."""
    names: tuple[str, ...] = columns._fields  # type: ignore[attr-defined]
    return type(columns)(
        *(
            rebuilt(column, change, f"{prefix}{name}.") if isinstance(column, tuple) else change(f"{prefix}{name}")
            for name, column in zip(names, columns, strict=True)
        )
    )


def empty_ordered(listings: int, *, coded: int, values: int) -> Ordered:
    """Make columns of nothing (:func:`search.columns.table.empty_table`)."""
    return Ordered(
        table=empty_table(listings, coded=coded, values=values),
        keys=np.zeros(listings, np.uint32),
        by_id=np.zeros(listings, np.int64),
    )


def _axis(few: tuple[int, ...], many: tuple[int, ...]) -> Axis:
    """Tell an axis by what becomes of a column's shape where there are more listings."""
    if few == many:
        return Axis.NONE
    if few[-1] != many[-1]:
        return Axis.BITS_LAST if few[-1] == _FEW else Axis.ROWS_LAST
    return Axis.ROWS_FIRST


_FEW, _MANY = 3, 5
"""Words of listings in two tables that are made to be compared."""


def _axes() -> dict[str, Axis]:
    few, many = (arrays(empty_ordered(words * WORD, coded=1, values=1)) for words in (_FEW, _MANY))
    return {path: _axis(column.shape, many[path].shape) for path, column in few.items()}


AXES: Final = _axes()
"""Of every column, by its path."""


def goes_with(path: str, shape: tuple[int, ...], empty: tuple[int, ...], *, listings: int) -> bool:
    """Whether a column of some listings may have a shape.

    Parameters
    ----------
    empty
        Its shape where there are no listings.
    """
    match AXES[path]:
        case Axis.ROWS_FIRST:
            return shape == (listings, *empty[1:])
        case Axis.ROWS_LAST:
            return shape == (*empty[:-1], listings)
        case Axis.BITS_LAST:
            return shape == (*empty[:-1], words_of(listings))
        case Axis.NONE:
            return len(shape) == len(empty) and shape[1:] == empty[1:]
