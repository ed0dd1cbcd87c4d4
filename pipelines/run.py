"""Run the whole pipeline, and tell how far it is: what `lodestay pipeline` and the demo call.

It is the job `rebuild` against this home's Dagster instance, so the run stands in Dagster's UI like any
other, with its logs, checks and row counts.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

import dagster as dg
from dagster import AssetKey, DagsterEventType, DagsterRunStatus, EventLogEntry

from lodestay.local.dagster import dagster_home
from lodestay.settings import PROJECT_ROOT, Settings, get_settings
from pipelines.errors import NoMarkets, PipelineFailed, UnknownMarket
from pipelines.partitioning import MARKETS, blocks, range_tags
from transactional.kit.reaching import connected
from transactional.markets.repository import market_keys

STEPS: dict[str, str] = {
    "export": "read PostgreSQL",
    "stage_events": "stage searches and clicks",
    "stage": "stage listings, nights, bookings",
    "listing_features": "listing features",
    "embeddings": "embed texts",
    "documents": "search documents",
    "index": "build the index",
    "columns": "write the columns of searches",
    "training_sets": "training sets",
    "models__ranking": "train the ranker",
    "models__pricing": "train the price models",
    "marts": "marts",
}
"""What each step of the job does, in words for a person who waits."""

TICKET = "lodestay/ticket"
"""Tag by which the caller finds the run that its process has begun."""
_POLL_SECONDS = 0.25
_GRACE_SECONDS = 20


class State(StrEnum):
    """How a step is."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


_STATES = {
    DagsterEventType.STEP_START: State.STARTED,
    DagsterEventType.STEP_SUCCESS: State.DONE,
    DagsterEventType.STEP_FAILURE: State.FAILED,
    DagsterEventType.STEP_SKIPPED: State.SKIPPED,
}


@dataclass(frozen=True)
class Step:
    """News of a step.

    Attributes
    ----------
    title
        What it does, for a person.
    seconds
        How long it took; None while it runs.
    rows
        Rows that it wrote, all tables together, as far as known.
    """

    name: str
    title: str
    state: State
    seconds: float | None
    rows: int | None


@dataclass(frozen=True)
class PipelineRun:
    """A finished run.

    Attributes
    ----------
    run_ids
        Runs in Dagster: one, or one for each block of markets that lie apart.
    steps
        Those that ran, in order.
    """

    run_ids: tuple[str, ...]
    day: date
    markets: tuple[str, ...]
    steps: tuple[Step, ...]
    seconds: float


def run_pipeline(day: date, markets: Sequence[str], *, on_step: Callable[[Step], None]) -> PipelineRun:
    """Run everything for some markets of a day; `on_step` hears when a step starts and ends.

    Parameters
    ----------
    markets
        Keys; none means every market of the marketplace.

    Raises
    ------
    NoMarkets, UnknownMarket
        There is nothing to run for.
    PipelineFailed
        A step failed: with its name, and what it said.
    """
    settings = get_settings()
    wanted = _wanted(settings, markets)
    home = Path(os.environ.get("DAGSTER_HOME") or dagster_home(settings.home))
    began = time.monotonic()
    steps: list[Step] = []

    def hear(step: Step) -> None:
        if step.state is not State.STARTED:
            steps.append(step)
        on_step(step)

    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_dynamic_partitions(str(MARKETS.name), wanted)
        known = instance.get_dynamic_partitions(str(MARKETS.name))
        tags = [range_tags(day, block, known) for block in blocks(wanted, known)]
        run_ids = tuple(_run(instance, home, one, settings, hear) for one in tags)
    return PipelineRun(run_ids, day, tuple(wanted), tuple(steps), time.monotonic() - began)


def _wanted(settings: Settings, markets: Sequence[str]) -> list[str]:
    """Markets to run for, of those that are in PostgreSQL."""
    with connected(settings.require_database_url()) as connection:
        there = market_keys(connection)
    if not there:
        raise NoMarkets("The marketplace is empty.", hint="Fill it: `lodestay generate` or `lodestay import`.")
    if unknown := sorted(set(markets) - set(there)):
        raise UnknownMarket(f"There is no market {', '.join(unknown)}.", hint=f"There are: {', '.join(there)}.")
    return sorted(set(markets)) or there


def _run(
    instance: dg.DagsterInstance, home: Path, tags: dict[str, str], settings: Settings, hear: Callable[[Step], None]
) -> str:
    """Run the job in a process of its own, and pass on its events as they come."""
    ticket = uuid4().hex
    log = settings.home / "logs" / "pipeline.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [f"{name}={value}" for name, value in {**tags, TICKET: ticket}.items()]
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "pipelines.rebuild", *words],
            cwd=PROJECT_ROOT,
            env={**os.environ, "DAGSTER_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            run_id = _appeared(instance, ticket, process)
            if run_id is not None:
                _follow(instance, run_id, process, hear)
        finally:
            _end(process)
    if run_id is None:
        raise PipelineFailed("The run ended before it began.", hint=f"Look at {log}.")
    run = instance.get_run_by_id(run_id)
    if run is None or run.status is not DagsterRunStatus.SUCCESS:
        raise _failure(instance, run_id, log)
    return run_id


def _appeared(instance: dg.DagsterInstance, ticket: str, process: subprocess.Popen[bytes]) -> str | None:
    """Wait for the process to write its run down; None where it ended without."""
    while True:
        ended = process.poll() is not None
        if found := instance.get_runs(dg.RunsFilter(tags={TICKET: ticket}), limit=1):
            return found[0].run_id
        if ended:
            return None
        time.sleep(_POLL_SECONDS)


@dataclass
class _Listener:
    """Turns a run's events into news of its steps."""

    hear: Callable[[Step], None]
    rows: dict[str, dict[AssetKey, int]] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)

    def take(self, entry: EventLogEntry) -> None:
        """Read one event."""
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        name = event.step_key
        if event.event_type is DagsterEventType.ASSET_MATERIALIZATION and event.asset_key:
            count = event.step_materialization_data.materialization.metadata.get("dagster/row_count")
            # Once a partition, with the same count for all that the step wrote.
            rows = count.value if isinstance(count, dg.IntMetadataValue) else None
            self.rows.setdefault(name, {})[event.asset_key] = rows or 0
        state = _STATES.get(event.event_type)
        if state is not None:
            self.began.setdefault(name, entry.timestamp)
            seconds = None if state is State.STARTED else entry.timestamp - self.began[name]
            total = sum(self.rows[name].values()) if name in self.rows and state is State.DONE else None
            self.hear(Step(name, STEPS.get(name, name), state, seconds, total))


def _follow(
    instance: dg.DagsterInstance, run_id: str, process: subprocess.Popen[bytes], hear: Callable[[Step], None]
) -> None:
    """Pass on events until the process has ended and all have been read."""
    listener, cursor = _Listener(hear), None
    while True:
        ended = process.poll() is not None
        found = instance.get_records_for_run(run_id, cursor=cursor)
        cursor = found.cursor
        for record in found.records:
            listener.take(record.event_log_entry)
        if ended and not found.has_more:
            return
        time.sleep(_POLL_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was interrupted with us to mark its run as ended; stop it if it does not."""
    try:
        process.wait(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _is_of_engine(entry: EventLogEntry) -> bool:
    return entry.dagster_event_type is DagsterEventType.ENGINE_EVENT


def _failure(instance: dg.DagsterInstance, run_id: str, log: Path) -> PipelineFailed:
    """Say which step failed and what it said last."""
    entries = [record.event_log_entry for record in instance.get_records_for_run(run_id).records]
    failed = next((e.dagster_event for e in entries if e.dagster_event and e.dagster_event.is_step_failure), None)
    step = failed.step_key if failed else None
    said = [e.user_message for e in entries if e.step_key == step and e.level == logging.ERROR and not e.dagster_event]
    error = failed.event_specific_data.error if failed else None  # type: ignore[union-attr]
    if error and error.cls_name == "ChildProcessCrashException":  # it says nothing; the executor, beside it, why
        said += [e.user_message for e in entries if _is_of_engine(e) and e.step_key == step]
    reason = said[-1] if said else str(error.message).strip() if error else "the process ended before its first step"
    what = f"{step} ({STEPS.get(step, step)})" if step else "The run"
    return PipelineFailed(
        f"{what} failed: {reason}", hint=f"Look at run {run_id} in Dagster, or at {log}.", run_id=run_id
    )
