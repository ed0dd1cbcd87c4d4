"""Jobs, the schedule and the sensors that start them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterRunStatus, ScheduleEvaluationContext, SensorEvaluationContext

from lodestay.lake import STAGED_IMPRESSIONS
from lodestay.settings import get_settings
from pipelines.event_files import event_files, unstaged
from pipelines.partitioning import MARKETS, range_tags
from pipelines.partitions import written_at
from transactional.kit.reaching import connected
from transactional.markets.repository import market_keys

AT_WORK = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
LONGEST_RUN = timedelta(hours=6)
"""Age at which a run that seems to be at work has died without saying so: it must not stop others for ever."""

rebuild = dg.define_asset_job(
    "rebuild",
    selection=dg.AssetSelection.all(),
    description="Everything: from PostgreSQL and the event files to the index, the models and the marts.",
)

events = dg.define_asset_job(
    "events",
    selection=dg.AssetSelection.assets("staged/searches", "staged/impressions", "raw/events_rejected"),
    description="Stage what guests did, as soon as they did it.",
)


@dg.schedule(
    job=rebuild,
    cron_schedule="0 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def daily(context: ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Rebuild everything for the day that begins, every market in one run."""
    day = context.scheduled_execution_time.date()
    known = context.instance.get_dynamic_partitions(str(MARKETS.name))
    if not known:
        yield dg.SkipReason("No market yet: `lodestay generate` or `lodestay import` makes one.")
        return
    yield dg.RunRequest(run_key=day.isoformat(), tags=range_tags(day, known, known))


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def markets(context: SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Make the markets of PostgreSQL known to Dagster, so that they can be chosen as partitions."""
    with connected(get_settings().require_database_url()) as connection:
        there = market_keys(connection)
    missing = sorted(set(there) - set(context.instance.get_dynamic_partitions(str(MARKETS.name))))
    if not missing:
        return dg.SkipReason(f"All {len(there)} markets are known.")
    return dg.SensorResult(dynamic_partitions_requests=[MARKETS.build_add_request(missing)])


@dg.sensor(job=events, minimum_interval_seconds=900, default_status=dg.DefaultSensorStatus.RUNNING)
def new_events(context: SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Stage events when a file is newer than what was staged of it; at most every quarter of an hour.

    It keeps up to date what a pipeline has made: before the first one, and while one is at work, which
    stages events itself, it waits.
    """
    lake, known = get_settings().lake, context.instance.get_dynamic_partitions(str(MARKETS.name))
    staged = written_at(STAGED_IMPRESSIONS, lake)
    if not staged or not known:
        yield dg.SkipReason("No event was staged yet: `lodestay pipeline` begins it.")
        return
    newer = unstaged(event_files(lake), staged)
    if not newer:
        yield dg.SkipReason("No event file is newer than what was staged of it.")
        return
    since = datetime.now(UTC) - LONGEST_RUN
    if context.instance.get_runs_count(dg.RunsFilter(statuses=AT_WORK, created_after=since)):
        yield dg.SkipReason("A run is at work.")
        return
    newest = max(file.changed_at for file in newer)
    yield dg.RunRequest(run_key=newest.isoformat(), tags=range_tags(datetime.now(UTC).date(), known, known))
