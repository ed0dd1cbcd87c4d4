"""Importing: a snapshot from anywhere, or a folder of Inside Airbnb, into the marketplace."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from lodestay.clock import Clock, today_in
from lodestay.ids import new_id
from lodestay.snapshot import Snapshot
from transactional.imports import calendar_merge, repository
from transactional.imports.bulk import last_day
from transactional.imports.errors import OlderSnapshot, OtherCurrency
from transactional.imports.inside_airbnb.folder import find_files
from transactional.imports.inside_airbnb.reader import READER, SOURCE, read_snapshot
from transactional.imports.loader import merge_snapshot
from transactional.imports.repository import Db, Held
from transactional.imports.shift import choose_shift
from transactional.imports.summary import ImportSummary

_MOST_UNMAPPED: Final = 20

Progress = Callable[[str], None]
"""Told what is being done."""


@dataclass(frozen=True)
class ReadingFacts:
    """What is known of how a snapshot was read.

    Attributes
    ----------
    rows
        Records read.
    seconds
        Time that took.
    """

    rows: int
    seconds: float
    unmapped_amenities: tuple[tuple[str, int], ...]

    @classmethod
    def of_rows(cls, snapshot: Snapshot) -> ReadingFacts:
        """A snapshot that was not read from files: its own rows, in no time."""
        parts = (snapshot.listings, snapshot.nights, snapshot.reviews)
        return cls(sum(part.num_rows for part in parts if part is not None), 0.0, ())


def load_snapshot(
    connection: Db,
    snapshot: Snapshot,
    *,
    clock: Clock,
    keep_dates: bool = False,
    force: bool = False,
    reading: ReadingFacts | None = None,
) -> ImportSummary:
    """Write a snapshot in one transaction: all of it, or nothing.

    Rows that are as they were are not touched. Listings that are gone are deactivated, those that are
    back activated again.

    Parameters
    ----------
    connection
        Committed at the end, unless the caller has a transaction open: then the caller commits.
    keep_dates
        Leave the dates as they are in the source.
    force
        Write even where the same files were imported before.

    Raises
    ------
    OlderSnapshot, OtherCurrency
        The market has a newer snapshot, or prices in another currency.
    """
    reading = reading or ReadingFacts.of_rows(snapshot)
    started = time.perf_counter() - reading.seconds
    market, source = snapshot.market, snapshot.source
    with connection.transaction():
        connection.execute("SET LOCAL work_mem = '128MB'")
        repository.lock_source(connection, source)
        earlier = None if force else repository.find_import(connection, source, snapshot.fingerprint)
        if earlier is not None:
            return ImportSummary.again(earlier, seconds=time.perf_counter() - started)
        held = repository.find_held(connection, market.market_key, source)
        _refuse(snapshot, held)
        repository.begin_changes(connection)
        shift = _settle_dates(connection, snapshot, held, clock=clock, keep_dates=keep_dates)
        changes = merge_snapshot(connection, snapshot, shift=shift)
        seconds = time.perf_counter() - started
        summary = ImportSummary(
            run_id=new_id(),
            market_key=market.market_key,
            source=source,
            snapshot_date=snapshot.snapshot_date,
            date_shift_days=shift,
            already_imported=False,
            listings=snapshot.listings.num_rows,
            nights=None if snapshot.nights is None else snapshot.nights.num_rows,
            reviews=None if snapshot.reviews is None else snapshot.reviews.num_rows,
            changes=changes,
            rejects=dict(Counter(reject.reason for reject in snapshot.rejects).most_common()),
            unmapped_amenities=reading.unmapped_amenities[:_MOST_UNMAPPED],
            missing=snapshot.missing,
            seconds=seconds,
            rows_per_second=reading.rows / seconds,
        )
        repository.write_outbox(connection, market.market_key, summary.run_id)
        repository.write_run(connection, summary, fingerprint=snapshot.fingerprint, rejects=snapshot.rejects)
    return summary


def _settle_dates(connection: Db, snapshot: Snapshot, held: Held | None, *, clock: Clock, keep_dates: bool) -> int:
    """Choose the shift, note it on the market, and move what is there where it is another one."""
    before = held.date_shift_days if held else None
    shift = choose_shift(
        snapshot.snapshot_date,
        calendar_until=last_day(snapshot.nights["night"]) if snapshot.nights is not None else None,
        today=today_in(snapshot.market.timezone, clock),
        held=before,
        keep_dates=keep_dates,
    )
    if before is not None and before != shift:
        calendar_merge.move_market(connection, snapshot.market.market_key, snapshot.source, days=shift - before)
    repository.put_market(connection, snapshot.market, snapshot_date=snapshot.snapshot_date, date_shift_days=shift)
    return shift


def import_folder(
    connection: Db,
    folder: Path,
    *,
    market: str | None,
    currency: str | None,
    snapshot: date | None,
    keep_dates: bool,
    force: bool,
    masking_key: str,
    clock: Clock,
    progress: Progress,
) -> ImportSummary:
    """Import a folder of Inside Airbnb.

    Parameters
    ----------
    market
        Name of the market; None takes the folder's.
    currency
        Currency of the prices; None takes the country's.
    snapshot
        Day of the snapshot where the folder holds several; None takes the newest.
    progress
        Told what is being done.

    Raises
    ------
    UnreadableSource
        A file is missing, damaged, or of another kind, city or date; nothing was written.
    """
    started = time.perf_counter()
    files = find_files(folder, snapshot=snapshot)
    name = market or folder.resolve().name
    fingerprint = files.fingerprint(READER, name, currency, "keep" if keep_dates else "move", masking_key)
    with connection.transaction():
        earlier = None if force else repository.find_import(connection, SOURCE, fingerprint)
    if earlier is not None:
        return ImportSummary.again(earlier, seconds=time.perf_counter() - started)
    reading = read_snapshot(
        files, market=name, currency=currency, masking_key=masking_key, fingerprint=fingerprint, progress=progress
    )
    facts = ReadingFacts(reading.rows, time.perf_counter() - started, reading.unmapped_amenities)
    progress("writing")
    return load_snapshot(connection, reading.snapshot, clock=clock, keep_dates=keep_dates, force=force, reading=facts)


def _refuse(snapshot: Snapshot, held: Held | None) -> None:
    """Stop before anything is written where the snapshot does not go over what is there."""
    if held is None:
        return
    key = snapshot.market.market_key
    if held.snapshot_date is not None and snapshot.snapshot_date < held.snapshot_date:
        raise OlderSnapshot(key, given=snapshot.snapshot_date, held=held.snapshot_date)
    if held.currency != snapshot.market.currency:
        raise OtherCurrency(key, given=snapshot.market.currency, held=held.currency)
