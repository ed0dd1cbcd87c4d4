"""The lake: which datasets there are, where each lies, and its columns.

Spark, DuckDB, the services and the tests all take paths and schemas from here. A dataset is a folder
of Parquet files in Hive partitions (``day=2026-11-22/market=singapore``); a partition is written
whole and swapped in whole, so that a rerun replaces and never adds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pds
from pyarrow.fs import FileSelector, FileSystem

from lodestay.errors import SetupIncomplete


class Layer(StrEnum):
    """How far a dataset has come from its source."""

    RAW = "raw"
    STAGED = "staged"
    FEATURES = "features"
    DOCUMENTS = "documents"
    COLUMNS = "columns"
    TRAINING = "training"
    TRUTH = "truth"
    MARTS = "marts"


@dataclass(frozen=True)
class Dataset:
    """A folder of the lake.

    Attributes
    ----------
    layer, name
        Its place: ``<lake>/<layer>/<name>``.
    partitions
        Names of its Hive partitions, outermost first.
    """

    layer: Layer
    name: str
    partitions: tuple[str, ...] = ("day", "market")

    def path(self, lake: str) -> str:
        """Folder of the dataset."""
        return f"{lake}/{self.layer}/{self.name}"

    def partition(self, lake: str, *, day: date, market: str) -> str:
        """Folder of one partition of a dataset that is partitioned by day and market."""
        return f"{self.path(lake)}/day={day.isoformat()}/market={market}"

    def glob(self, lake: str) -> str:
        """Pattern of its Parquet files, for DuckDB."""
        return f"{self.path(lake)}/{'*/' * len(self.partitions)}*.parquet"


EXPORTED_TABLES = (
    "markets",
    "neighbourhoods",
    "host_profiles",
    "listings",
    "rate_plans",
    "seasons",
    "calendar_nights",
    "occupancy",
    "bookings",
    "reviews",
)
"""Tables of PostgreSQL that are exported as they are (RAW datasets of the same name)."""

RAW = {name: Dataset(Layer.RAW, name) for name in EXPORTED_TABLES}
"""Day: of the export. Columns: the table's; of markets also the export's moment, `exported_at`, the transactions that
it saw, `export_sees` (a `pg_snapshot`), and the `sources` of its listings."""

RAW_EVENTS = Dataset(Layer.RAW, "events")
"""JSON lines of :mod:`search.events`, appended as received. Day: on which it happened."""

REJECTED_EVENTS = Dataset(Layer.RAW, "events_rejected")
"""A row a line of the event files that is no event: file, line, reason."""

STAGED_LISTINGS = Dataset(Layer.STAGED, "listings")
"""A row a listing: the listing, its host, its rate plan, its market's fees."""

STAGED_NIGHTS = Dataset(Layer.STAGED, "nights")
"""A row a listing and night of the window: night, price_minor, is_free, occupancy_kind (null: free), taken_at
(when a booking took it), min_stay, max_stay, closed_to_arrival, closed_to_departure."""

STAGED_BOOKINGS = Dataset(Layer.STAGED, "bookings")
"""A row a booking, with nights, lead_days and nights_minor beside the table's columns."""

STAGED_REVIEWS = Dataset(Layer.STAGED, "reviews")

STAGED_SEARCHES = Dataset(Layer.STAGED, "searches")
"""A row a search event: what was asked, how many were found and what kept others out. Day: on which it happened."""

STAGED_IMPRESSIONS = Dataset(Layer.STAGED, "impressions")
"""A row a listing shown in a search: position from 1, total_minor, score and features as served, exploration,
seen (null: views were not recorded), clicked, quoted, held, booked. Day: of the search."""

LISTING_FEATURES = Dataset(Layer.FEATURES, "listings")
"""A row a listing: ml.listing_features.SCHEMA."""

LISTING_VECTORS = Dataset(Layer.FEATURES, "listing_vectors", ("model", "market"))
"""A row a listing: listing_id, text_hash, model, dimension, vector; recomputed where the text changed."""

SEARCH_DOCUMENTS = Dataset(Layer.DOCUMENTS, "listings")
"""A row a listing: listing_id, document (JSON of search.document), model and dimension of its vector."""

SEARCH_COLUMNS = Dataset(Layer.COLUMNS, "listings", ("build",))
"""What searches filter and count by, a file a column: search.columns.files. No Parquet: processes map the files. Build:
when it was made; the newest two are kept."""

LANDMARKS = Dataset(Layer.DOCUMENTS, "landmarks")
"""A row a landmark that hosts name: search.landmarks.SCHEMA; none in a market whose hosts name none."""

RANKING_EXAMPLES = Dataset(Layer.TRAINING, "ranking")
"""A row an impression with its features and label: ml.ranking.examples.EXAMPLES. Day: of the search."""

PRICING_EXAMPLES = Dataset(Layer.TRAINING, "pricing")
"""A row a listing and night with its price: ml.pricing.examples.EXAMPLES."""

TRUTH_SESSIONS = Dataset(Layer.TRUTH, "sessions")
"""What the simulator knew: true utility of each listing shown. Never read by training."""


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A Parquet file of a dataset.

    Attributes
    ----------
    filesystem, path
        Where it lies: a disk or an object store, and the path as that one writes it.
    partition
        Values of its partition columns, by name.
    modified_at
        When it was swapped in.
    """

    filesystem: FileSystem
    path: str
    partition: dict[str, str]
    modified_at: datetime


def partition_files(dataset: Dataset, lake: str, *, day: date | None = None) -> list[LakeFile]:
    """Parquet files of a dataset in order of their paths, wherever the lake lies; none where there is no folder.

    Parameters
    ----------
    day
        Only the files of this day, of a dataset whose outermost partition is the day.
    """
    address = dataset.path(lake)
    filesystem, root = FileSystem.from_uri(address if day is None else f"{address}/day={day.isoformat()}")
    infos = filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True))
    files = (info for info in infos if info.is_file and info.path.endswith(".parquet"))
    return sorted(
        (LakeFile(filesystem, info.path, _partition_of(info.path), info.mtime) for info in files),
        key=lambda file: file.path,
    )


def newest_files(dataset: Dataset, lake: str, *, until: date | None = None) -> list[LakeFile]:
    """Files of each market's newest day, none later than `until`, of a dataset by day and market."""
    newest: dict[str, list[LakeFile]] = {}
    for file in partition_files(dataset, lake):  # days ascend
        market = file.partition["market"]
        if until is None or file.partition["day"] <= until.isoformat():
            same = [held for held in newest.get(market, []) if held.partition == file.partition]
            newest[market] = [*same, file]
    return [file for files in newest.values() for file in files]


def read_files(files: Sequence[LakeFile], schema: pa.Schema | None = None) -> pa.Table:
    """Rows of one or more files of a dataset, file by file, without its partition columns.

    Parameters
    ----------
    schema
        Columns wanted; one that a file does not have is null. None takes those of the first file.
    """
    paths = [file.path for file in files]
    return pds.dataset(paths, filesystem=files[0].filesystem, schema=schema, format="parquet").to_table()


def content_digest(files: Sequence[LakeFile]) -> str:
    """Sixteen digits that change when a partition comes or goes, or when its bytes do."""
    found = hashlib.sha256()
    for file in files:
        found.update(repr(sorted(file.partition.items())).encode())
        with file.filesystem.open_input_stream(file.path) as stream:
            found.update(stream.readall())
    return found.hexdigest()[:16]


def _partition_of(path: str) -> dict[str, str]:
    return dict(step.split("=", 1) for step in path.split("/") if "=" in step)


def mart(name: str) -> Dataset:
    """A mart of the warehouse: one folder, no partitions."""
    return Dataset(Layer.MARTS, name, ())


def local_folder(lake: str, *, asker: str) -> Path:
    """Root of the lake for those that work on folders alone, or :class:`SetupIncomplete` where it is elsewhere.

    Parameters
    ----------
    asker
        Who needs the folder, as the sentence names them: "The warehouse".
    """
    if "://" in lake:
        raise SetupIncomplete(
            f"{asker} works on a local folder; the lake is at {lake}.",
            hint="Copy or mount the lake here and set LODESTAY_LAKE_URI to its folder.",
        )
    return Path(lake)
