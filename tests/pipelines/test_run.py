"""The whole graph, small, on real services: PostgreSQL, Spark, OpenSearch, MLflow and Dagster."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg
import pyarrow.parquet as pq
import pytest
from opensearchpy import OpenSearch
from psycopg import sql

from lodestay.clock import SystemClock
from lodestay.lake import LISTING_FEATURES, SEARCH_DOCUMENTS, STAGED_LISTINGS, STAGED_NIGHTS
from lodestay.local.supervisor import Supervisor
from lodestay.settings import get_settings
from pipelines.errors import NoMarkets, PipelineFailed, UnknownMarket
from pipelines.run import STEPS, State, Step, run_pipeline
from search.index import in_service
from simulation.play import Script, play
from simulation.supply import generate_markets
from transactional.imports.service import load_snapshot
from transactional.kit.database import create_engine, session_factory

pytestmark = [pytest.mark.spark, pytest.mark.opensearch, pytest.mark.slow]

TODAY = datetime.now(UTC).date()
"""Not a fixed day: the export shows the present, and guests play the days before it."""


@pytest.fixture(autouse=True)
def surroundings(  # noqa: PLR0917 - pytest hands fixtures over by name
    services: Supervisor,
    spark_remote: str,
    opensearch_url: str,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Settings of a marketplace of its own, as the environment that the pipeline's processes inherit."""
    services.up(["mlflow"])
    values = {
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "LODESTAY_DATABASE_URL": database_url,
        "LODESTAY_OPENSEARCH_URL": opensearch_url,
        "LODESTAY_SPARK_REMOTE": spark_remote,
        "LODESTAY_MLFLOW_TRACKING_URI": services.records.endpoints()["LODESTAY_MLFLOW_TRACKING_URI"],
        "LODESTAY_LAKE_URI": str(tmp_path / "lake"),
        "LODESTAY_INDEX_ALIAS": f"test-{uuid.uuid4().hex[:8]}",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def _fill(*, listings: int, searches: int) -> list[str]:
    """A synthetic marketplace with a week of guests; returns its markets."""
    settings = get_settings()
    with psycopg.connect(settings.require_database_url()) as connection:
        for market in generate_markets(listings=listings, seed=3, as_of=TODAY):
            load_snapshot(connection, market.snapshot, clock=SystemClock())
        keys = [key for (key,) in connection.execute("SELECT market_key FROM markets ORDER BY market_key")]

    async def simulate() -> None:
        engine = create_engine(settings.require_database_url(), pool_size=1, lock_timeout_ms=5_000)
        script = Script(seed=3, days=7, searches=searches)
        try:
            await play(
                session_factory(engine),
                lake=settings.lake,
                clock=SystemClock(),
                script=script,
                progress=lambda _text: None,
            )
        finally:
            await engine.dispose()

    asyncio.run(simulate())
    return keys


def _rows(lake: str) -> dict[str, str]:
    """Content of every partition of what must be the same after a rerun."""
    found = {}
    for dataset in (STAGED_LISTINGS, STAGED_NIGHTS, LISTING_FEATURES, SEARCH_DOCUMENTS):
        for file in sorted(Path(dataset.path(lake)).rglob("*.parquet")):
            table = pq.read_table(file, partitioning=None)
            found[str(file.relative_to(lake))] = hashlib.sha256(repr(table.to_pydict()).encode()).hexdigest()
    return found


@pytest.mark.timeout(1500)
def test_whole_graph() -> None:
    """From an empty lake to an index in service, models and marts; the same again changes no row."""
    markets = _fill(listings=90, searches=400)
    settings = get_settings()
    news: list[Step] = []
    done = run_pipeline(TODAY, [], on_step=news.append)
    assert done.markets == tuple(markets)
    assert {step.name for step in done.steps} == set(STEPS)
    assert {step.state for step in done.steps} == {State.DONE}
    for step in done.steps:
        assert [one.state for one in news if one.name == step.name] == [State.STARTED, State.DONE]

    with OpenSearch(hosts=[settings.require_opensearch_url()]) as client:
        (index,) = in_service(client, settings.index_alias)
        assert client.count(index=settings.index_alias)["count"] == 90
    by_name = {step.name: step for step in done.steps}
    assert by_name["documents"].rows == by_name["listing_features"].rows == 90
    assert (by_name["training_sets"].rows or 0) > 1_000
    with dg.DagsterInstance.get() as instance:
        (run_id,) = done.run_ids
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.SUCCESS
        nights = instance.get_latest_materialization_event(dg.AssetKey(["staged", "nights"]))
        assert nights is not None
        assert nights.asset_materialization is not None
        metadata = nights.asset_materialization.metadata
        files = Path(STAGED_NIGHTS.path(settings.lake)).rglob("*.parquet")
        assert metadata["dagster/row_count"].value == sum(pq.read_metadata(file).num_rows for file in files)
        schema = metadata["dagster/column_schema"].value
        assert isinstance(schema, dg.TableSchema)
        assert "price_minor" in {column.name for column in schema.columns}

    before = _rows(settings.lake)
    run_pipeline(TODAY, [], on_step=lambda _step: None)
    assert _rows(settings.lake) == before
    with OpenSearch(hosts=[settings.require_opensearch_url()]) as client:
        (newer,) = in_service(client, settings.index_alias)
    assert newer > index


def test_nothing_to_run() -> None:
    """An empty marketplace and a market that is not there are told apart, each with what to do."""
    with pytest.raises(NoMarkets, match="empty"):
        run_pipeline(TODAY, [], on_step=lambda _step: None)


def _take_spark_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    monkeypatch.setenv("LODESTAY_SPARK_REMOTE", "sc://localhost:1")
    return lambda: None


def _take_postgres_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Once the run has begun: before that, its markets are read."""
    url = get_settings().require_database_url()
    server, _, database = url.rpartition("/")

    def close() -> None:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            name = sql.Identifier(database)
            connection.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(name))

    return close


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    ("take_away", "reason"),
    [(_take_spark_away, "Cannot connect to Spark"), (_take_postgres_away, "not currently accepting connections")],
    ids=["spark", "postgres"],
)
def test_a_service_that_is_down(
    take_away: Callable[[pytest.MonkeyPatch], Callable[[], None]], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Spark or PostgreSQL gone, a step that needs it is named with its reason; what follows does not run.

    Staging events needs nothing of PostgreSQL and runs beside the export; Spark both need.
    """
    markets = _fill(listings=30, searches=40)
    with pytest.raises(UnknownMarket, match="atlantis"):
        run_pipeline(TODAY, ["atlantis"], on_step=lambda _step: None)
    close = take_away(monkeypatch)
    news: list[Step] = []

    def hear(step: Step) -> None:
        if not news:
            close()
        news.append(step)

    with pytest.raises(PipelineFailed, match=r"export|stage_events") as failed:
        run_pipeline(TODAY, markets[:1], on_step=hear)
    assert reason in failed.value.detail
    assert failed.value.hint
    ran = {step.name for step in news if step.state is not State.SKIPPED}
    assert ran <= {"export", "stage_events"}
    assert {step.name for step in news if step.state is State.DONE} <= {"stage_events"}
