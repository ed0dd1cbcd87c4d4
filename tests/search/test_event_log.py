"""The event log on a real disk."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from lodestay.errors import SetupIncomplete
from search.errors import EventLogUnavailable
from search.event_log import EventLog, partition, read_events
from search.events import ClickEvent

DAY = date(2026, 6, 15)


def click(**changes: object) -> ClickEvent:
    """Make a click in Singapore, but for the changes."""
    plain: dict[str, object] = {
        "event_id": uuid4(),
        "occurred_at": datetime(2026, 6, 15, 10, tzinfo=UTC),
        "market": "singapore",
        "session_id": "s",
        "guest_key": None,
        "search_id": UUID(int=7),
        "listing_id": 1,
        "position": 3,
    }
    return ClickEvent.model_validate(plain | changes)


def test_events_come_back(tmp_path: Path) -> None:
    """What is appended is read again, in order, from the day (UTC) and the market where it happened."""
    late = datetime(2026, 6, 16, 1, tzinfo=timezone(timedelta(hours=8)))
    events = [click(listing_id=1), click(listing_id=2, occurred_at=late), click(market="stockholm")]
    with EventLog(str(tmp_path), writer="test") as log:
        log.append(events)
    assert [e.listing_id for e in read_events(str(tmp_path), day=DAY, market="singapore")] == [1, 2]
    assert list(read_events(str(tmp_path), day=DAY, market="stockholm")) == events[2:]
    assert list(read_events(str(tmp_path), day=DAY, market="nowhere")) == []


def test_a_full_file_is_followed_by_a_new_one(tmp_path: Path) -> None:
    """Files are closed at their size, and none is written to again after it was closed."""
    log = EventLog(str(tmp_path), writer="test", max_bytes=500)
    for n in range(10):
        log.append([click(listing_id=n)])
    log.close()
    log.append([click(listing_id=10)])
    log.close()
    files = sorted(partition(str(tmp_path), day=DAY, market="singapore").iterdir())
    assert len(files) > 3
    assert all(file.stat().st_size < 1_000 for file in files)
    found = [e.listing_id for e in read_events(str(tmp_path), day=DAY, market="singapore")]
    assert found == list(range(11)), "files are named in the order of their making"


def test_a_torn_line_costs_itself_only(tmp_path: Path) -> None:
    """A process that dies while writing leaves half a line; everything before it is read."""
    with EventLog(str(tmp_path), writer="test") as log:
        log.append([click(listing_id=1), click(listing_id=2)])
    (file,) = partition(str(tmp_path), day=DAY, market="singapore").iterdir()
    os.truncate(file, file.stat().st_size - 5)
    assert [e.listing_id for e in read_events(str(tmp_path), day=DAY, market="singapore")] == [1]


def test_threads_share_a_log(tmp_path: Path) -> None:
    """Lines of eight threads do not mix."""
    with EventLog(str(tmp_path), writer="test", max_bytes=10_000) as log, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: log.append([click(listing_id=n)]), range(200)))
    found = {e.listing_id for e in read_events(str(tmp_path), day=DAY, market="singapore")}
    assert found == set(range(200))


def test_a_lake_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file where the lake's folder should be is a clear error, not a crash."""
    (tmp_path / "raw").write_text("", encoding="utf-8")
    with pytest.raises(EventLogUnavailable, match="raw"):
        EventLog(str(tmp_path), writer="test").append([click()])


def test_a_market_cannot_lead_out_of_the_lake() -> None:
    """A market's key names a folder, so it can hold no path."""
    with pytest.raises(ValidationError, match="market"):
        click(market="../../etc")


def test_a_lake_elsewhere_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An s3:// address is named with what to do; no folder of that name is made here."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupIncomplete, match=r"event log .* s3://bucket/lake") as refused:
        EventLog("s3://bucket/lake", writer="test")
    with pytest.raises(SetupIncomplete):
        list(read_events("s3://bucket/lake", day=DAY, market="singapore"))
    assert "LODESTAY_LAKE_URI" in str(refused.value.hint)
    assert not list(tmp_path.iterdir())
