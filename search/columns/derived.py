"""What follows from the columns and is kept beside them, so that a pass has less to read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.columns.table import Table
from search.columns.terms import Terms, note_terms, terms_of
from search.columns.zones import Zones, note_zones, zones_of


class Derived(NamedTuple):
    """What :mod:`search.columns.zones` and :mod:`search.columns.terms` make of a table."""

    zones: Zones
    terms: Terms


def derived_of(table: Table) -> Derived:
    """Derive it from all rows."""
    return Derived(zones_of(table), terms_of(table))


def note(derived: Derived, table: Table, rows: NDArray[np.int64]) -> None:
    """Take in what stands in some rows now."""
    note_zones(derived.zones, table, rows)
    note_terms(derived.terms, table, rows)
