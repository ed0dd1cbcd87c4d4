"""The test's marketplace imported again, with some things changed: a newer snapshot of the same source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import pyarrow as pa
from psycopg.rows import dict_row

from lodestay.clock import Clock
from lodestay.ids import new_id
from lodestay.snapshot import HOSTS, LISTINGS, NEIGHBOURHOODS, SEASONS, MarketFacts, Snapshot
from transactional.imports.service import load_snapshot

SOURCE = "test"


def import_again(database_url: str, changes: Mapping[int, Mapping[str, Any]], *, clock: Clock) -> None:
    """Import what is there, with other values in some columns of some listings."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        (market,) = connection.execute("SELECT * FROM markets").fetchall()
        hosts = connection.execute("SELECT *, source_key AS host_key FROM host_profiles").fetchall()
        listings = connection.execute(
            "SELECT p.*, l.*, h.source_key AS host_key, NULL AS neighbourhood FROM listings l"
            " JOIN rate_plans p USING (listing_id) JOIN host_profiles h ON h.user_id = l.host_id"
        ).fetchall()
    rows = [row | changes.get(row["listing_id"], {}) for row in listings]
    snapshot = Snapshot(
        market=MarketFacts(**{name: market[name] for name in MarketFacts.__dataclass_fields__}),
        source=SOURCE,
        snapshot_date=clock.now().date(),
        fingerprint=str(new_id()),
        hosts=pa.Table.from_pylist(hosts, schema=HOSTS),
        listings=pa.Table.from_pylist(rows, schema=LISTINGS),
        nights=None,
        seasons=SEASONS.empty_table(),
        reviews=None,
        neighbourhoods=NEIGHBOURHOODS.empty_table(),
        rejects=(),
        missing=(),
    )
    with psycopg.connect(database_url) as connection:
        load_snapshot(connection, snapshot, clock=clock, keep_dates=True)
