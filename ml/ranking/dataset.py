"""The ranker's examples as arrays: read from the lake, split by time, searches kept whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lodestay.errors import NotFound
from lodestay.lake import RANKING_EXAMPLES, TRUTH_SESSIONS, LakeFile, partition_files, read_files
from ml.arrays import Floats, Ints, floats, integers
from ml.ranking.examples import BOOKED, CLICKED
from ml.ranking.features import FEATURES

_TRUTH = pa.schema([("search_id", pa.string()), ("listing_id", pa.int64()), ("utility", pa.float64())])


class NoExamples(NotFound):
    """There is nothing to train on."""

    title = "No training examples"


@dataclass(frozen=True)
class RankingData:
    """n rows of m searches; rows of a search lie together, by position, searches by time.

    Attributes
    ----------
    matrix
        (n, len(FEATURES)) float64, NaN where not known.
    label
        (n,) 0 shown, 1 clicked, 2 booked.
    position
        (n,) from 1.
    listing_id
        (n,).
    groups
        (m,) rows of each search.
    search_id
        (m,) text.
    exploration
        (m,) shown in random order.
    day
        (m,) datetime64[D] of the search.
    """

    matrix: NDArray[np.float64]
    label: Ints
    position: Ints
    listing_id: Ints
    groups: Ints
    search_id: NDArray[np.object_]
    exploration: NDArray[np.bool_]
    day: NDArray[np.datetime64]

    def keep(self, searches: NDArray[np.bool_]) -> RankingData:
        """Only these searches, (m,) bool."""
        rows = np.repeat(searches, self.groups)
        return RankingData(
            self.matrix[rows],
            self.label[rows],
            self.position[rows],
            self.listing_id[rows],
            self.groups[searches],
            self.search_id[searches],
            self.exploration[searches],
            self.day[searches],
        )

    @property
    def rewarding(self) -> NDArray[np.bool_]:
        """(m,) whether anything was clicked: the others say nothing about order."""
        first = np.cumsum(self.groups) - self.groups
        return np.maximum.reduceat(self.label, first) > 0 if len(self.groups) else np.zeros(0, np.bool_)


def from_table(table: pa.Table) -> RankingData:
    """Arrange rows of `ml.ranking.examples.EXAMPLES` by time, search and position."""
    rows = table.sort_by([("occurred_at", "ascending"), ("search_id", "ascending"), ("position", "ascending")])
    searches = np.asarray(rows["search_id"].to_pylist(), dtype=object)
    starts = np.flatnonzero(np.r_[True, searches[1:] != searches[:-1]]) if len(searches) else np.zeros(0, np.int64)
    return RankingData(
        matrix=np.column_stack([floats(rows, name) for name in FEATURES]),
        label=integers(rows, "label"),
        position=integers(rows, "position"),
        listing_id=integers(rows, "listing_id"),
        groups=np.diff(np.r_[starts, len(searches)]).astype(np.int64),
        search_id=searches[starts],
        exploration=rows["exploration"].to_numpy()[starts].astype(np.bool_),
        day=rows["occurred_at"].to_numpy()[starts].astype("datetime64[D]"),
    )


def example_files(lake: str, *, until: date, days: int) -> list[LakeFile]:
    """Files of the searches made in the `days` days before `until`, of every market."""
    since, before = (until - timedelta(days)).isoformat(), until.isoformat()
    return [file for file in partition_files(RANKING_EXAMPLES, lake) if since <= file.partition["day"] < before]


def read_examples(lake: str, *, until: date, days: int) -> RankingData:
    """Examples of the searches made in the `days` days before `until`, of every market.

    Raises
    ------
    NoExamples
        The lake holds none of these days.
    """
    files = example_files(lake, until=until, days=days)
    table = read_files(files) if files else None
    if table is None or not table.num_rows:
        raise NoExamples(
            f"There are no ranking examples of the {days} days before {until} in {RANKING_EXAMPLES.path(lake)}.",
            hint="Play guests with `lodestay simulate`, or serve searches; then run the pipeline.",
        )
    return from_table(table)


def read_truth(lake: str, data: RankingData) -> Floats:
    """What the simulator knew of each row: true utility, (n,); NaN where there is no truth. For evaluation only."""
    unknown = np.full(len(data.label), np.nan)
    files = partition_files(TRUTH_SESSIONS, lake)
    if not files:
        return unknown
    truth = read_files(files, _TRUTH)
    asked = pa.table(
        {
            "search_id": pa.array(np.repeat(data.search_id, data.groups), pa.string()),
            "listing_id": data.listing_id,
            "row": np.arange(len(data.label)),
        }
    )
    joined = asked.join(truth, ["search_id", "listing_id"], join_type="inner")
    unknown[integers(joined, "row")] = floats(joined, "utility")
    return unknown


def split_by_time(data: RankingData, *, test: float) -> tuple[RankingData, RankingData]:
    """Cut by days: the older searches train, the newest test.

    Parameters
    ----------
    test
        Share of the searches; a day is never cut, so it is rounded to days.
    """
    test_from = data.day[round((len(data.day) - 1) * (1 - test))]
    return data.keep(data.day < test_from), data.keep(data.day >= test_from)


def gains(label: Ints) -> Floats:
    """What each label is worth where orders are judged: a click 1, a booking 5."""
    return np.select([label == BOOKED, label == CLICKED], [5.0, 1.0], 0.0)
