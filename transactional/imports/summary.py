"""What an import did, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Changes:
    """What an import changed.

    Attributes
    ----------
    nights
        Single nights that were written or removed because they differ from the rate plan.
    calendars
        Listings whose calendar changed.
    conflicts
        Nights that the source has as taken and a booking, hold or block of ours has already: ours stay.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    reactivated: int = 0
    deactivated: int = 0
    hosts: int = 0
    neighbourhoods: int = 0
    calendars: int = 0
    nights: int = 0
    conflicts: int = 0
    reviews: int = 0

    @property
    def total(self) -> int:
        """Number of rows and calendars that are not as they were."""
        parts = (self.created, self.updated, self.reactivated, self.deactivated, self.hosts, self.neighbourhoods)
        return sum(parts) + self.calendars + self.nights + self.reviews


@dataclass(frozen=True)
class ImportSummary:
    """An import.

    Attributes
    ----------
    run_id
        Of this run, or of the earlier one that had read the very same files.
    already_imported
        The same files were read before: nothing was done.
    date_shift_days
        Days by which every date was moved.
    listings, nights, reviews
        Rows of the snapshot; nights and reviews None where the source has none.
    rejects
        Rows left out by reason.
    unmapped_amenities
        The most frequent words that the vocabulary does not know.
    seconds, rows_per_second
        Reading and writing together, over all the rows of the files.
    """

    run_id: UUID
    market_key: str
    source: str
    snapshot_date: date
    date_shift_days: int
    already_imported: bool
    listings: int
    nights: int | None
    reviews: int | None
    changes: Changes
    rejects: dict[str, int]
    unmapped_amenities: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    seconds: float
    rows_per_second: float

    @classmethod
    def again(cls, earlier: dict[str, Any], *, seconds: float) -> ImportSummary:
        """Summary of an import that found its files imported before, from the earlier one's JSON."""
        return cls(
            **{
                **earlier,
                "run_id": UUID(earlier["run_id"]),
                "snapshot_date": date.fromisoformat(earlier["snapshot_date"]),
                "changes": Changes(unchanged=earlier["listings"]),
                "unmapped_amenities": tuple((word, count) for word, count in earlier["unmapped_amenities"]),
                "missing": tuple(earlier["missing"]),
                "already_imported": True,
                "seconds": seconds,
                "rows_per_second": 0.0,
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "run_id": str(self.run_id), "snapshot_date": self.snapshot_date.isoformat()}
