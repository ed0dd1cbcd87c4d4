"""Titles of listings, as suggestions look for them: one large table, and a small one of what changed since."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from search.beginnings import MOST, Beginnings, spaced
from search.document import popularity
from search.slips import begins

_REMEMBERED: Final = 1 << 15
"""Titles whose words are remembered, some eight megabytes: the next key is mostly about the same ones."""
MOST_CHANGED: Final = 500
"""Listings with a title that may have changed before the large table is made anew."""


class Title(Protocol):
    """A listing's title, and what tells how likely it is meant."""

    @property
    def listing_id(self) -> int:
        """Number of the listing."""

    @property
    def title(self) -> str:
        """As it is shown."""

    @property
    def market(self) -> str:
        """Key of the market."""

    @property
    def rating(self) -> Decimal | None:
        """Mean of its stars; None without any."""

    @property
    def review_count(self) -> int:
        """Reviews that it has."""


class TitleColumns:
    """Titles as they come, packed: a million of them as objects would be some hundred megabytes."""

    def __init__(self, titles: Iterable[Title] = ()) -> None:
        self._keys, self._weights = array("q"), array("f")
        self._texts: list[pa.Array] = []
        self._markets: list[pa.Array] = []
        self.add(list(titles))

    def add(self, titles: Collection[Title]) -> None:
        """Take in some more."""
        self._keys.extend(title.listing_id for title in titles)
        self._weights.extend(popularity(title.rating, title.review_count) for title in titles)
        self._texts.append(pa.array([title.title for title in titles], pa.string()))
        self._markets.append(pa.array([title.market for title in titles], pa.string()))

    def table(self) -> Beginnings:
        """Make the table in which they are found."""
        return Beginnings(
            np.array(self._keys, dtype=np.int64),
            pa.concat_arrays(self._texts),
            pa.concat_arrays(self._markets),
            np.array(self._weights, dtype=np.float32),
        )


@dataclass(frozen=True, slots=True)
class FoundTitle:
    """A title that was found."""

    listing_id: int
    title: str
    market: str


class Titles:
    """Titles of the listings that take guests.

    Parameters
    ----------
    columns
        All of them; making the table takes some ten microseconds each.
    """

    def __init__(self, columns: TitleColumns) -> None:
        self._held = columns.table()
        self._changed: dict[int, Title] = {}
        self._newer = TitleColumns().table()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def size_bytes(self) -> int:
        """Memory of the tables."""
        return self._held.size_bytes + self._newer.size_bytes

    @property
    def is_outdated(self) -> bool:
        """Whether so much has changed that a new table is due."""
        return len(self._changed) > MOST_CHANGED

    def update(self, listing_ids: Collection[int], titles: Collection[Title]) -> None:
        """Take in listings that changed: those without a title take no guests any more."""
        self._held.hide(list(listing_ids))
        for listing_id in listing_ids:
            self._changed.pop(listing_id, None)
        self._changed |= {title.listing_id: title for title in titles}
        self._newer = TitleColumns(self._changed.values()).table()

    def find(self, typed: str, *, market: str | None, limit: int) -> tuple[list[FoundTitle], int]:
        """Find titles (:meth:`search.beginnings.Beginnings.find`).

        Those that go on from what is typed stand before those that have its words elsewhere. Of listings called the
        same the first alone is found: a guest could not tell them apart.
        """
        begun = _plain(typed)
        tables = (self._held, self._newer)
        answers = [table.find(typed, market=market, limit=MOST) for table in tables]
        # What was found with the fewest slips is meant; where one table has it, more in the other are not looked at.
        slipped = min((slip for rows, slip in answers if rows), default=0)
        fit = _fit_with_slip if slipped else _fit
        found = [
            (
                (
                    table.market(row) != market,
                    fit(text, begun),
                    -float(table.weights[row]),
                    int(table.keys[row]),
                ),
                FoundTitle(int(table.keys[row]), text, table.market(row)),
            )
            for table, (rows, slip) in zip(tables, answers, strict=True)
            for row in rows
            if slip == slipped
            for text in [table.text(row)]
        ]
        first: dict[str, FoundTitle] = {}
        for _, title in sorted(found, key=itemgetter(0)):
            first.setdefault(_plain(title.title), title)
        return list(first.values())[:limit], slipped


def _fit(title: str, begun: str) -> int:
    """0 where a title begins with what is typed, 1 where it is in the title as it is typed, 2 where its words are."""
    words = _plain(title)
    if words.startswith(begun):
        return 0
    return 1 if f" {begun}" in words else 2


def _fit_with_slip(title: str, begun: str) -> int:
    """Work out the same, a slip in what is typed forgiven."""
    words = _plain(title)
    if begins(words, begun):
        return 0
    return 1 if any(begins(words[at + 1 :], begun) for at, letter in enumerate(words) if letter == " ") else 2


_plain = lru_cache(maxsize=_REMEMBERED)(spaced)
