"""What a model card says of the listings behind it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lodestay.lake import RAW
from ml.supply import INSIDE_AIRBNB, SYNTHETIC, Supply, read_supply, supply_list
from simulation.supply import SOURCE as SIMULATED
from transactional.imports.inside_airbnb.reader import SOURCE as IMPORTED

DAY = date(2026, 11, 22)


def test_sources_are_called_as_they_are_written() -> None:
    """The importer and the generator write the very names that the card knows words for."""
    assert (INSIDE_AIRBNB, SYNTHETIC) == (IMPORTED, SIMULATED)


def test_each_market_has_its_sentence() -> None:
    """Source, licence, day and shift of dates are said; made up is said; what is not known is said, too."""
    lines = supply_list(
        (
            Supply("antwerp", (INSIDE_AIRBNB,), date(2024, 6, 29), 728),
            Supply("town", (SYNTHETIC,), DAY),
            Supply("both", (INSIDE_AIRBNB, SYNTHETIC), date(2026, 6, 29)),
            Supply("other", ("hosts",)),
            Supply("old"),
        )
    ).splitlines()
    for words in ("[Inside Airbnb]", "CC BY 4.0", "2024-06-29", "moved by 728 days", "moveable feasts"):
        assert words in lines[0]
    assert "**synthetic**" in lines[1]
    assert "Airbnb" not in lines[1]
    assert "[Inside Airbnb]" in lines[2]
    assert "**synthetic**" in lines[2]
    assert "dates are as the source has them" in lines[2]
    assert "listings of hosts" in lines[3]
    assert "not recorded" in lines[4]


def test_supply_is_what_the_newest_export_says(tmp_path: Path, write_market: Callable[..., None]) -> None:
    """A later export does not count, a market that is not asked for is left out, one without an export is unknown."""
    lake = str(tmp_path)
    for day, shift in ((date(2026, 11, 20), 364), (DAY, 728), (date(2026, 11, 23), 1092)):
        write_market(lake, "antwerp", day, sources=INSIDE_AIRBNB, snapshot=date(2024, 6, 29), shift=shift)
    write_market(lake, "oslo", DAY, sources=SYNTHETIC, snapshot=DAY, shift=0)
    assert read_supply(lake, {"antwerp", "paris"}, until=DAY) == (
        Supply("antwerp", (INSIDE_AIRBNB,), date(2024, 6, 29), 728),
        Supply("paris"),
    )


def test_an_older_export_tells_no_source(tmp_path: Path) -> None:
    """A lake written before the sources were exported can be read: the card says that they are not recorded."""
    folder = Path(RAW["markets"].partition(str(tmp_path), day=DAY, market="oslo"))
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"market_key": ["oslo"], "date_shift_days": [0]}), folder / "part-0.parquet")
    (supply,) = read_supply(str(tmp_path), {"oslo"}, until=DAY)
    assert supply == Supply("oslo")
