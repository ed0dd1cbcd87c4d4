"""Everything Dagster knows: the assets under `defs/`, with a freshness policy over what people read.

The graph has two kinds of assets: tables of the lake, partitioned by day and market, and what is made
over all of them without partitions (the index, the models, the marts). One job, `rebuild`, makes both
in one run: Dagster gives the run a range of partitions for the first and ignores it for the second.

Two steps run at a time, in processes forked from one that has loaded the code: a step spends half of its
time on imports, a session and a last small file, and another one computes meanwhile. Runs are started by
the daily schedule and by sensors; declarative automation would start a run for each asset that is behind,
a JVM client each, where one run can do.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg

READ_BY_PEOPLE = {"index", "warehouse"}
FRESH = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=26), fail_window=timedelta(hours=50))

TWO_AT_A_TIME = dg.multiprocess_executor.configured(
    {"max_concurrent": 2, "start_method": {"forkserver": {"preload_modules": ["pipelines.preloaded"]}}}
)


@dg.definitions
def defs() -> dg.Definitions:
    """Load `defs/`, hold the index and the marts to a daily rhythm, run two steps at a time."""
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parents[1])
    watched = loaded.map_asset_specs(
        func=lambda spec: spec.replace_attributes(freshness_policy=FRESH) if spec.group_name in READ_BY_PEOPLE else spec
    )
    return dg.Definitions.merge(watched, dg.Definitions(executor=TWO_AT_A_TIME))
