"""Files of the lake, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lodestay.lake import LISTING_FEATURES, content_digest, newest_files, partition_files, read_files

DAYS = (date(2026, 1, 1), date(2026, 1, 2))


def write(folder: Path, *, day: date, market: str, values: list[int], name: str = "part-0.parquet") -> None:
    """Put one file in a partition."""
    part = Path(LISTING_FEATURES.partition(str(folder), day=day, market=market))
    part.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"listing_id": values}), part / name)


@pytest.mark.parametrize("address", [str, Path.as_uri], ids=["folder", "address"])
def test_a_lake_is_read_at_its_address(address: Callable[[Path], str], tmp_path: Path) -> None:
    """A folder and an address with a scheme, as an object store has one, show the same files and rows."""
    lake = address(tmp_path)
    assert partition_files(LISTING_FEATURES, lake) == []
    write(tmp_path, day=DAYS[1], market="b", values=[3])
    write(tmp_path, day=DAYS[0], market="a", values=[1])
    write(tmp_path, day=DAYS[0], market="a", values=[2], name="part-1.parquet")
    (tmp_path / "features" / "listings" / "_SUCCESS").touch()
    files = partition_files(LISTING_FEATURES, lake)
    assert [file.partition for file in files] == [
        {"day": "2026-01-01", "market": "a"},
        {"day": "2026-01-01", "market": "a"},
        {"day": "2026-01-02", "market": "b"},
    ]
    assert read_files(files).to_pydict() == {"listing_id": [1, 2, 3]}
    assert read_files(files[:1], pa.schema([("other", pa.string())])).to_pydict() == {"other": [None]}
    assert partition_files(LISTING_FEATURES, lake, day=DAYS[0]) == files[:2]
    assert partition_files(LISTING_FEATURES, lake, day=date(2026, 1, 3)) == []


def test_the_newest_day_of_each_market(tmp_path: Path) -> None:
    """Each market at its own newest day, with all files of it; nothing later than asked for."""
    lake = str(tmp_path)
    write(tmp_path, day=DAYS[0], market="a", values=[1])
    write(tmp_path, day=DAYS[1], market="a", values=[2])
    write(tmp_path, day=DAYS[1], market="a", values=[3], name="part-1.parquet")
    write(tmp_path, day=DAYS[0], market="b", values=[4])
    assert read_files(newest_files(LISTING_FEATURES, lake)).to_pydict() == {"listing_id": [2, 3, 4]}
    assert read_files(newest_files(LISTING_FEATURES, lake, until=DAYS[0])).to_pydict() == {"listing_id": [1, 4]}


def test_a_digest_changes_with_the_data(tmp_path: Path) -> None:
    """The same rows written again have the same digest; another value or another market has another one."""
    lake = str(tmp_path)

    def digest() -> str:
        return content_digest(partition_files(LISTING_FEATURES, lake))

    write(tmp_path, day=DAYS[0], market="a", values=[1])
    first = digest()
    write(tmp_path, day=DAYS[0], market="a", values=[1])
    assert digest() == first
    write(tmp_path, day=DAYS[0], market="a", values=[2])
    second = digest()
    assert second != first
    write(tmp_path, day=DAYS[0], market="b", values=[])
    assert digest() not in {first, second}
