"""What is really under test: what starts runs by itself starts the right one, once, and only when there is reason."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import dagster as dg
import psycopg
import pytest

from lodestay.lake import RAW_EVENTS, STAGED_IMPRESSIONS, Dataset
from lodestay.settings import get_settings
from pipelines.defs import jobs
from pipelines.partitioning import MARKETS, RANGE_END, RANGE_START
from pipelines.partitions import FILE
from serving.search.log import NOWHERE

NOW = datetime.now(UTC)
"""The sensors ask the clock for the day."""
MARKET = """
INSERT INTO markets (market_key, name, country, currency, timezone, latitude, longitude, service_fee_bps, tax_bps)
VALUES (%s, 'M', 'BE', 'EUR', 'Europe/Brussels', 51.2, 4.4, 1200, 600)
"""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance that knows nothing yet."""
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as made:
        yield made


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty lake, as the sensors find it."""
    address = str(tmp_path / "lake")
    monkeypatch.setenv("LODESTAY_LAKE_URI", address)
    get_settings.cache_clear()
    yield address
    get_settings.cache_clear()


def _know(instance: dg.DagsterInstance, *markets: str) -> None:
    instance.add_dynamic_partitions(str(MARKETS.name), markets)


def _file(lake: str, dataset: Dataset, name: str, market: str, *, at: datetime) -> None:
    folder = Path(dataset.partition(lake, day=NOW.date(), market=market))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("{}\n", encoding="utf-8")
    os.utime(folder / name, (at.timestamp(), at.timestamp()))


def _event(lake: str, market: str, *, at: datetime) -> None:
    _file(lake, RAW_EVENTS, "a.jsonl", market, at=at)


def _staged(lake: str, market: str, *, at: datetime) -> None:
    _file(lake, STAGED_IMPRESSIONS, FILE, market, at=at)


def _asked(found: object) -> dg.RunRequest | str:
    """The one thing that a schedule or a sensor yields: a run, or why there is none."""
    (one,) = cast("Iterable[dg.RunRequest | dg.SkipReason]", found)
    return one if isinstance(one, dg.RunRequest) else str(one.skip_message)


def _tick(instance: dg.DagsterInstance) -> dg.RunRequest | str:
    """What `new_events` asks for, or why it asks for nothing."""
    context = dg.build_sensor_context(instance=instance, sensor_name="new_events")
    return _asked(jobs.new_events(context))


def test_all_run_by_default() -> None:
    """A new installation needs nobody to turn the schedule and the sensors on."""
    assert jobs.daily.default_status is dg.DefaultScheduleStatus.RUNNING
    for sensor in (jobs.markets, jobs.new_events):
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_daily(instance: dg.DagsterInstance) -> None:
    """Every market of the day that begins in one run, the same run however often it is asked for; none, no run."""
    at = datetime(2026, 11, 22, 3, tzinfo=UTC)
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
    assert "yet" in str(_asked(jobs.daily(context)))
    _know(instance, "oslo", "antwerp")
    first, again = _asked(jobs.daily(context)), _asked(jobs.daily(context))
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key == "2026-11-22"
    assert (first.tags[RANGE_START], first.tags[RANGE_END]) == ("2026-11-22|oslo", "2026-11-22|antwerp")


def test_markets(instance: dg.DagsterInstance, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markets of PostgreSQL that Dagster does not know are added, and nothing once it knows them."""
    monkeypatch.setenv("LODESTAY_DATABASE_URL", database_url)
    get_settings.cache_clear()
    _know(instance, "oslo")
    with psycopg.connect(database_url) as connection:
        for key in ("oslo", "riga", "antwerp"):
            connection.execute(MARKET, [key])
    context = dg.build_sensor_context(instance=instance, sensor_name="markets")
    found = jobs.markets(context)
    assert isinstance(found, dg.SensorResult)
    (request,) = found.dynamic_partitions_requests or ()
    assert request.partition_keys == ["antwerp", "riga"]
    _know(instance, *request.partition_keys)
    assert isinstance(jobs.markets(context), dg.SkipReason)


def test_new_file(instance: dg.DagsterInstance, lake: str) -> None:
    """A file that is newer than what was staged of it asks for a run over all markets, once a change."""
    _know(instance, "oslo", "antwerp")
    _staged(lake, "oslo", at=NOW)
    _event(lake, "oslo", at=NOW + timedelta(minutes=1))
    asked, again = _tick(instance), _tick(instance)
    assert isinstance(asked, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert asked.run_key == again.run_key
    (day, first), (last_day, last) = (asked.tags[name].split("|") for name in (RANGE_START, RANGE_END))
    assert (day, first, last) == (last_day, "oslo", "antwerp")
    _event(lake, "oslo", at=NOW + timedelta(minutes=2))
    later = _tick(instance)
    assert isinstance(later, dg.RunRequest)
    assert later.run_key != asked.run_key


def test_nothing_new(instance: dg.DagsterInstance, lake: str) -> None:
    """After a pipeline has staged every folder, searches of no market among them, there is nothing to do."""
    _know(instance, "oslo")
    for market in ("oslo", NOWHERE):
        _event(lake, market, at=NOW)
        _staged(lake, market, at=NOW + timedelta(minutes=1))
    assert "newer" in str(_tick(instance))
    _event(lake, NOWHERE, at=NOW + timedelta(minutes=2))
    assert isinstance(_tick(instance), dg.RunRequest)


def test_waits_for_the_first_pipeline(instance: dg.DagsterInstance, lake: str) -> None:
    """Events of guests before the first pipeline start no run: neither in a demo nor where no market is known."""
    _event(lake, "oslo", at=NOW)
    assert "yet" in str(_tick(instance))
    _know(instance, "oslo")
    assert "yet" in str(_tick(instance))


@pytest.mark.parametrize(
    ("status", "waits"), [(dg.DagsterRunStatus.STARTED, True), (dg.DagsterRunStatus.SUCCESS, False)], ids=str
)
def test_waits_for_a_run_at_work(
    instance: dg.DagsterInstance,
    lake: str,
    status: dg.DagsterRunStatus,
    monkeypatch: pytest.MonkeyPatch,
    *,
    waits: bool,
) -> None:
    """While a run is at work, as the demo's own, no second one is asked for; once it has ended, or died, one is."""
    _know(instance, "oslo")
    _staged(lake, "oslo", at=NOW)
    _event(lake, "oslo", at=NOW + timedelta(minutes=1))

    @dg.job
    def some_job() -> None:
        pass

    instance.create_run_for_job(some_job, status=status)
    assert isinstance(_tick(instance), str) is waits
    monkeypatch.setattr(jobs, "LONGEST_RUN", timedelta())
    assert isinstance(_tick(instance), dg.RunRequest), "a run that died long ago stops nothing"
