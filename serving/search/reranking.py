"""After the ranker: what this visitor likes, and not ten of a kind in a row. Both are off unless settings say so.

The protocols are what a better personalisation or diversity has to be; the classes are the simplest that work.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lodestay.settings import Settings

Floats = NDArray[np.float64]

KINDS: Final = ("neighbourhood", "property_type")
"""Columns of `ml.listing_features.SCHEMA`: listings with the same values are of a kind."""
SPREAD_PLACES: Final = 50
"""Places at the front that are spread out: more than one page of results."""
LIKED: Final = ("neighbourhood", "room_type", "property_type")
MOST_VISITS, MOST_VIEWED = 10_000, 20


class Personaliser(Protocol):
    """Knows what a visitor likes."""

    @property
    def name(self) -> str:
        """For answers and the log."""
        ...

    def bonuses(self, viewed: pa.Table, candidates: pa.Table, scores: Floats) -> Floats:
        """What to add to the score of each candidate, (n,).

        Parameters
        ----------
        viewed
            Listings that the visitor looked at, the last one last, by `ml.listing_features.SCHEMA`.
        candidates
            By the same, in the order of `scores`.
        """


class Diversifier(Protocol):
    """Keeps results apart that are alike."""

    @property
    def name(self) -> str:
        """For answers and the log."""
        ...

    def order(self, scores: Floats, candidates: pa.Table) -> NDArray[np.int64]:
        """Rows of the candidates in the order in which they are shown, (n,)."""


@dataclass(frozen=True)
class LikeTheLast:
    """Gives a candidate a part of the scores' spread for each trait that it shares with what was looked at.

    Attributes
    ----------
    most
        Of the spread, for one that shares all traits with all of it.
    """

    most: float = 0.1
    name: str = "personal"

    def bonuses(self, viewed: pa.Table, candidates: pa.Table, scores: Floats) -> Floats:
        """Share of the traits shared, times what that is worth."""
        if not len(viewed) or not len(scores):
            return np.zeros(len(scores))
        shares = np.zeros(len(scores))
        for trait in LIKED:
            seen = Counter(value for value in viewed[trait].to_pylist() if value is not None)
            shares += [seen[value] / len(viewed) for value in candidates[trait].to_pylist()]
        return self.most * float(np.ptp(scores)) * shares / len(LIKED)


@dataclass(frozen=True)
class Spread:
    """At each place shows, of those hardly worse than the best one left, the one of which fewest were shown.

    So the result at each place scores at most `loss` of the spread less than it would without.
    """

    loss: float
    name: str = "spread"

    def order(self, scores: Floats, candidates: pa.Table) -> NDArray[np.int64]:
        """Greedy, over the first :data:`SPREAD_PLACES`."""
        left = np.argsort(-scores, kind="stable").tolist()
        kinds = list(zip(*(candidates[column].to_pylist() for column in KINDS), strict=True))
        allowed = self.loss * float(np.ptp(scores)) if len(scores) else 0.0
        shown: Counter[tuple[str | None, ...]] = Counter()
        order: list[int] = []
        while left and len(order) < SPREAD_PLACES:
            least = scores[left[0]] - allowed
            near = [row for row in left[:SPREAD_PLACES] if scores[row] >= least]
            chosen = min(near, key=lambda row: shown[kinds[row]])  # the best of them where several are as rare
            left.remove(chosen)
            order.append(chosen)
            shown[kinds[chosen]] += 1
        return np.array(order + left, np.int64)


@dataclass(frozen=True)
class Reranking:
    """What is done after the ranker; nothing where neither is there."""

    personaliser: Personaliser | None = None
    diversifier: Diversifier | None = None

    @classmethod
    def of(cls, settings: Settings) -> Reranking:
        """As settings say."""
        return cls(
            LikeTheLast() if settings.search_personal else None,
            Spread(settings.search_spread) if settings.search_spread else None,
        )

    def name(self, ranker: str) -> str:
        """What ordered the results, for answers and the log."""
        return "+".join([ranker, *(part.name for part in (self.personaliser, self.diversifier) if part is not None)])

    def order(
        self,
        scores: Floats,
        listings: Callable[[Sequence[int]], pa.Table],
        candidates: Sequence[int],
        viewed: Sequence[int],
    ) -> NDArray[np.int64]:
        """Rows of the candidates in the order in which they are shown; equal scores stay as they were found.

        Parameters
        ----------
        listings
            Brings rows of `ml.listing_features.SCHEMA` by number, where they are looked at.
        """
        if self.personaliser is not None:
            scores = scores + self.personaliser.bonuses(listings(viewed), listings(candidates), scores)
        if self.diversifier is not None:
            return self.diversifier.order(scores, listings(candidates))
        return np.asarray(np.argsort(-scores, kind="stable"), np.int64)


class Viewed:
    """The listings that each visit looked at last, in this process and while it lives: nothing of it is written.

    A visit is the client's random id, never a person.
    """

    def __init__(self) -> None:
        self._of: OrderedDict[str, list[int]] = OrderedDict()

    def note(self, visit: str | None, listing_id: int) -> None:
        """A visit looks at a listing."""
        if visit is None:
            return
        seen = self._of.setdefault(visit, [])
        self._of.move_to_end(visit)
        seen[:] = [*(each for each in seen if each != listing_id), listing_id][-MOST_VIEWED:]
        if len(self._of) > MOST_VISITS:
            self._of.popitem(last=False)

    def of(self, visit: str) -> Sequence[int]:
        """What it looked at, the last one last."""
        return tuple(self._of.get(visit, ()))
