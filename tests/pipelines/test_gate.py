"""What is really under test: rows that break their contract reach no reader, and nothing is built on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lodestay.lake import STAGED_IMPRESSIONS, STAGED_SEARCHES, Dataset
from lodestay.settings import get_settings
from pipelines import spark_assets
from pipelines.checks.gate import settle
from pipelines.errors import RowsRefused
from pipelines.partitioning import MARKETS
from pipelines.partitions import FILE, Partition, folder, read_table
from pipelines.pipes import ReportsAtTheEnd
from pipelines.spark_assets import Table, key_of
from pipelines.spark_jobs.job import INCOMING as PLACE
from pipelines.spark_jobs.job import PARTITIONS, Job, Scope
from pipelines.writing import INCOMING, REFUSED, Waiting, Written

DAY = date(2026, 3, 1)
THERE: Partition = (DAY.isoformat(), "antwerp")
BOTH = (STAGED_SEARCHES, STAGED_IMPRESSIONS)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A lake that the settings name, in which a search for 1 guest was staged, and what it showed."""
    address = str(tmp_path / "lake")
    monkeypatch.setenv("LODESTAY_LAKE_URI", address)
    get_settings.cache_clear()
    for dataset in BOTH:
        _put(dataset, address, guests=1)
    yield address
    get_settings.cache_clear()


def _put(dataset: Dataset, lake: str, *, guests: int) -> None:
    """Lay one row down; a search for 0 guests, or an impression of it, breaks its contract nowhere else."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rows: dict[Dataset, dict[str, Any]] = {
        STAGED_SEARCHES: {
            "search_id": "s",
            "occurred_at": at,
            "ranker": "r",
            "guests": guests,
            "shown": 1,
            "page": 1,
            "latency_ms": 1.0,
            "nothing_because": "dates",
        },
        STAGED_IMPRESSIONS: {
            "search_id": "s",
            "listing_id": guests,
            "occurred_at": at,
            "clicked": True,
            "quoted": False,
            "held": False,
            "booked": False,
            "position": 1,
        },
    }
    path = Path(folder(dataset, lake, THERE))
    path.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([rows[dataset]]), path / FILE)


def _wait(lake: str, *, guests: int) -> list[Waiting]:
    """What a job leaves: both tables, each in a place of its own."""
    found = []
    for dataset in BOTH:
        place = f"{lake}/{INCOMING}/{dataset.name}"
        _put(dataset, place, guests=guests)
        found.append(Waiting(dataset, (THERE,), place))
    return found


def _read(lake: str) -> tuple[int, int]:
    """Guests of the search, and the listing shown, as a reader finds them."""
    (guests,) = read_table(STAGED_SEARCHES, lake, THERE, columns=["guests"])["guests"].to_pylist()
    (listing,) = read_table(STAGED_IMPRESSIONS, lake, THERE, columns=["listing_id"])["listing_id"].to_pylist()
    return guests, listing


def test_good_rows_are_published(lake: str) -> None:
    """What holds takes the place of what was there, and nothing waits any more."""
    settled = settle(_wait(lake, guests=2), lake)
    assert settled.refusal is None
    assert settled.verdicts.keys() == set(BOTH)
    assert _read(lake) == (2, 2)
    assert not list(Path(lake, INCOMING).iterdir())


def test_bad_rows_are_set_aside(lake: str) -> None:
    """One bad table keeps all of the job from readers; the refused rows lie aside, the error says what and where."""
    settled = settle(_wait(lake, guests=0), lake)
    assert settled.refusal is not None
    assert "staged/searches" in settled.refusal.detail
    assert "guests" in settled.refusal.detail
    assert REFUSED in str(settled.refusal.hint)
    assert _read(lake) == (1, 1)
    assert _read(f"{lake}/{REFUSED}") == (0, 0)
    assert not list(Path(lake, INCOMING).iterdir())


def test_a_job_by_hand_goes_through_the_same_gate(lake: str) -> None:
    """Run by a person, the job itself refuses what Dagster would refuse; told by Dagster, it leaves that to it."""
    job = Job("stage_events", Scope(DAY, ("antwerp",), lake), _Silent(), by_hand=True)  # type: ignore[arg-type]
    schema = pa.schema([])

    def written(guests: int) -> list[Written]:
        return [Written(one.dataset, {THERE: 1}, schema, one.incoming) for one in _wait(lake, guests=guests)]

    with pytest.raises(RowsRefused, match="guests"):
        job.report(*written(0))
    assert _read(lake) == (1, 1)
    job.report(*written(2))
    assert _read(lake) == (2, 2)
    left = Job(job.name, job.scope, job.pipes, by_hand=False)
    left.report(*written(3))
    assert _read(lake) == (2, 2)


class _Silent:
    """Nobody to report to."""

    def report_asset_materialization(self, **_: Any) -> None:
        pass


@pytest.mark.parametrize("guests", [0, 2], ids=["bad", "good"])
def test_in_a_run(lake: str, guests: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a run, bad rows fail their check and the step, readers find the old ones, and nothing downstream starts."""
    made: list[str] = []
    good = guests > 0

    def job(*_: object) -> list[dg.MaterializeResult[Any]]:
        counts = dg.MetadataValue.json({"|".join(THERE): 1})
        return [
            dg.MaterializeResult(
                asset_key=key_of(one.dataset), metadata={PARTITIONS: counts, PLACE: dg.MetadataValue.text(one.incoming)}
            )
            for one in _wait(lake, guests=guests)
        ]

    monkeypatch.setattr(spark_assets, "run_job", job)
    staged = spark_assets.spark_assets(
        "stage_events", [Table(one, "A row a thing.") for one in BOTH], group="lake", code_version="1"
    )

    @dg.asset(deps=[key_of(STAGED_SEARCHES)])
    def downstream() -> None:
        made.append("downstream")

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(MARKETS.name), ["antwerp"])
        run = dg.materialize(
            [staged, downstream],
            instance=instance,
            partition_key=dg.MultiPartitionKey({"day": DAY.isoformat(), "market": "antwerp"}),
            resources={"pipes": dg.PipesSubprocessClient(message_reader=ReportsAtTheEnd())},
            raise_on_error=False,
        )
    assert run.success is good
    assert {one.asset_key: one.passed for one in run.get_asset_check_evaluations()} == {
        key_of(STAGED_SEARCHES): good,
        key_of(STAGED_IMPRESSIONS): True,
    }
    assert len(run.get_asset_materialization_events()) == (3 if good else 0)
    assert made == (["downstream"] if good else [])
    assert _read(lake) == ((2, 2) if good else (1, 1))
