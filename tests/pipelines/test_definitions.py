"""What is really under test: the graph loads as `dg` and the web server load it, and holds what it should."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from lodestay.settings import PROJECT_ROOT
from pipelines.checks.contracts import CHECKED, EXEMPT
from pipelines.partitioning import Slice, blocks, range_tags, slices_of
from pipelines.run import STEPS
from pipelines.spark_assets import key_of

ASSETS = [
    "columns/listings",
    "documents/landmarks",
    "documents/listings",
    "features/listing_vectors",
    "features/listings",
    "index/listings",
    "marts/bookings",
    "marts/lead_time",
    "marts/occupancy_by_week",
    "marts/popular_searches",
    "marts/search_days",
    "marts/search_dead_ends",
    "marts/search_funnel",
    "marts/search_sessions",
    "marts/supply_by_week",
    "models/pricing",
    "models/ranking",
    "raw/bookings",
    "raw/calendar_nights",
    "raw/events",
    "raw/events_rejected",
    "raw/host_profiles",
    "raw/listings",
    "raw/markets",
    "raw/neighbourhoods",
    "raw/occupancy",
    "raw/rate_plans",
    "raw/reviews",
    "raw/seasons",
    "staged/bookings",
    "staged/impressions",
    "staged/listings",
    "staged/nights",
    "staged/reviews",
    "staged/searches",
    "training/pricing",
    "training/ranking",
]


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """Everything that Dagster loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster's own remarks on its previews
        from pipelines.definitions import defs  # noqa: PLC0415

        return defs()


def test_asset_keys(definitions: dg.Definitions) -> None:
    """The assets are those that are written down here: none appears or goes by accident."""
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    assert sorted(key.to_user_string() for key in keys) == ASSETS


def test_every_asset_is_told_of(definitions: dg.Definitions) -> None:
    """Every asset has a description, an owner, a kind and a group; what we make has a code version."""
    for spec in definitions.resolve_all_asset_specs():
        key = spec.key.to_user_string()
        assert spec.description, key
        assert spec.owners, key
        assert spec.kinds, key
        assert spec.group_name != "default", key
        assert spec.code_version or key == "raw/events", key


def test_contracts_block(definitions: dg.Definitions) -> None:
    """Every dataset with a suite has a blocking check, and so have marts, index and columns, which check themselves."""
    graph = definitions.resolve_asset_graph()
    blocking = {key.asset_key for key in graph.asset_check_keys if graph.get(key).blocking}
    themselves = {dg.AssetKey(name.split("/")) for name in ASSETS if name.startswith(("marts/", "index/", "columns/"))}
    assert blocking == {key_of(dataset) for dataset in CHECKED} | themselves


def test_columns_are_shown(definitions: dg.Definitions) -> None:
    """What no job reports the columns of, when it has written them, is defined with them."""
    for spec in definitions.resolve_all_asset_specs():
        if not spec.kinds >= {"spark", "parquet"}:
            schema = spec.metadata["dagster/column_schema"]
            assert len(schema.columns) > 2, spec.key


def test_marts_depend_on_what_they_read(definitions: dg.Definitions) -> None:
    """A mart hangs on the tables that its SQL reads, through the staging models: on no more and no fewer."""
    deps = {
        spec.key.path[-1]: {dep.asset_key.path[-1] for dep in spec.deps}
        for spec in definitions.resolve_all_asset_specs()
        if spec.key.path[0] == "marts"
    }
    assert deps["search_funnel"] == {"searches", "impressions"}
    assert "searches" not in deps["bookings"]
    assert "bookings" in deps["bookings"]


def test_every_dataset_is_checked_or_exempt(definitions: dg.Definitions) -> None:
    """A dataset that a job writes has a suite, or stands among the exempt with the reason; none has both."""
    written = {spec.key for spec in definitions.resolve_all_asset_specs() if spec.kinds >= {"spark", "parquet"}}
    assert written == {key_of(dataset) for dataset in (*CHECKED, *EXEMPT)}
    assert len({*CHECKED, *EXEMPT}) == len(CHECKED) + len(EXEMPT)
    assert all(EXEMPT.values())


def test_rebuild_has_every_step(definitions: dg.Definitions) -> None:
    """The job makes every asset, and each of its steps has words for a person who waits."""
    assert set(STEPS) == {node.name for node in definitions.resolve_job_def("rebuild").nodes_in_topological_order}


def test_range_of_markets() -> None:
    """A run's tags name the range from the day's first market to its last, and its keys come back as one slice."""
    known = ["oslo", "antwerp", "porto", "riga"]
    tags = range_tags(date(2026, 3, 1), ["porto", "antwerp"], known)
    assert set(tags.values()) == {"2026-03-01|antwerp", "2026-03-01|porto"}
    assert slices_of(["2026-03-01|porto", "2026-03-01|antwerp"]) == [Slice(date(2026, 3, 1), ("antwerp", "porto"))]
    with pytest.raises(ValueError, match="not neighbours"):
        range_tags(date(2026, 3, 1), ["oslo", "riga"], known)
    assert blocks(["riga", "oslo", "antwerp"], known) == [["oslo", "antwerp"], ["riga"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["dg", "check", "defs"], ["dagster", "definitions", "validate", "-w", "workspace.yaml"]], ids=" ".join
)
def test_tools_load_it(command: list[str], tmp_path: Path) -> None:
    """`dg` and the workspace file both find the definitions and find nothing wrong with them."""
    program, *arguments = command
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    found = subprocess.run(
        [Path(sys.executable).parent / program, *arguments],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
