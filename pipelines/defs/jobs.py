"""Jobs, the schedule and the sensors that start them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import psycopg
from dagster import ScheduleEvaluationContext, SensorEvaluationContext

from lodestay.lake import STAGED_IMPRESSIONS
from lodestay.settings import get_settings
from pipelines.event_files import event_files
from pipelines.partitioning import MARKETS, range_tags
from pipelines.partitions import written_at

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


@dg.schedule(job=rebuild, cron_schedule="0 3 * * *", execution_timezone="UTC")
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
    with psycopg.connect(get_settings().require_database_url(), connect_timeout=5) as connection:
        there = [key for (key,) in connection.execute("SELECT market_key FROM markets ORDER BY market_key")]
    missing = sorted(set(there) - set(context.instance.get_dynamic_partitions(str(MARKETS.name))))
    if not missing:
        return dg.SkipReason(f"All {len(there)} markets are known.")
    return dg.SensorResult(dynamic_partitions_requests=[MARKETS.build_add_request(missing)])


@dg.sensor(job=events, minimum_interval_seconds=900)
def new_events(context: SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Stage events when a file is newer than what was staged of its day; at most every quarter of an hour."""
    lake = get_settings().lake
    staged = written_at(STAGED_IMPRESSIONS, lake)
    newer = [
        file
        for file in event_files(lake)
        if file.changed_at > staged.get(file.partition, datetime.min.replace(tzinfo=UTC))
    ]
    known = context.instance.get_dynamic_partitions(str(MARKETS.name))
    if not newer or not known:
        yield dg.SkipReason("No event file is newer than what was staged of it.")
        return
    newest = max(file.changed_at for file in newer)
    yield dg.RunRequest(run_key=newest.isoformat(), tags=range_tags(datetime.now(UTC).date(), known, known))
