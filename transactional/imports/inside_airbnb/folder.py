"""Which files of a folder make up one snapshot.

Inside Airbnb publishes ``listings.csv.gz``, ``calendar.csv.gz``, ``reviews.csv.gz`` and
``neighbourhoods.geojson``; collections of several dates put the date in the name
(``listings_2023-09-23.csv.gz``). Files of different dates are never mixed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from transactional.imports.errors import UnreadableSource
from transactional.imports.inside_airbnb import values

_NAME: Final = re.compile(
    r"^(?P<kind>listings|calendar|reviews)(?:_dates)?(?:_(?P<date>\d{4}-\d{2}-\d{2}))?\.csv(?P<gz>\.gz)?$"
)
_BOUNDARIES: Final = ("neighbourhoods.geojson", "neighbourhoods.geojson.gz")
_NAMES: Final = ("neighbourhoods.csv", "neighbourhoods.csv.gz")


@dataclass(frozen=True)
class SnapshotFiles:
    """The files of one snapshot.

    Attributes
    ----------
    snapshot_date
        From the files' names; None where they carry none.
    boundaries, names
        The neighbourhoods' polygons, and their list.
    left_out
        Sentences on files of other dates that were not taken.
    """

    folder: Path
    snapshot_date: date | None
    listings: Path
    calendar: Path | None
    reviews: Path | None
    boundaries: Path | None
    names: Path | None
    left_out: tuple[str, ...]

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file taken."""
        files = (self.listings, self.calendar, self.reviews, self.boundaries, self.names)
        return tuple(file for file in files if file is not None)

    def fingerprint(self, *options: str | None) -> str:
        """Hash of the files' names and bytes and of the options that they are read with.

        Raises
        ------
        UnreadableSource
            One of them is a folder, a pipe or a link to nothing, or may not be read.
        """
        digest = hashlib.sha256("\x1f".join(option or "" for option in options).encode())
        for file in self.all:
            if not file.is_file():
                raise UnreadableSource(file, "not a file.", hint="Put the downloaded file there.")
            try:
                with file.open("rb") as stream:
                    digest.update(file.name.encode() + hashlib.file_digest(stream, "sha256").digest())
            except OSError as broken:
                problem = f"cannot be opened ({broken.strerror})."
                raise UnreadableSource(file, problem, hint="Look at its permissions.") from broken
        return digest.hexdigest()


def find_files(folder: Path, *, snapshot: date | None) -> SnapshotFiles:
    """Find the files of the newest snapshot of a folder, or of the one of day `snapshot`.

    Raises
    ------
    UnreadableSource
        No such folder, no listings in it, or none of that day.
    """
    if not folder.is_dir():
        raise UnreadableSource(folder, "no such folder.", hint="Give the folder that holds listings.csv.gz.")
    found: dict[str, dict[date | None, Path]] = {"listings": {}, "calendar": {}, "reviews": {}}
    # The compressed file of a pair sorts last and wins: a plain listings.csv beside it is only a summary.
    for path in _listed(folder):
        if match := _NAME.match(path.name):
            found[match["kind"]][_day_of(path, match["date"])] = path
    listings = found["listings"]
    if not listings:
        raise UnreadableSource(
            folder,
            "no listings.csv.gz and no listings_YYYY-MM-DD.csv.gz in it.",
            hint="Download a city's detailed listings from insideairbnb.com/get-the-data into this folder.",
        )
    day = snapshot if snapshot is not None else max(listings, key=lambda d: d or date.max)
    if day not in listings:
        held = ", ".join(str(d) for d in sorted(d for d in listings if d)) or "without a date in the name"
        raise UnreadableSource(folder, f"no listings of {day}; there are: {held}.", hint="Choose one of these dates.")
    return SnapshotFiles(
        folder=folder,
        snapshot_date=day,
        listings=listings[day],
        calendar=found["calendar"].get(day),
        reviews=found["reviews"].get(day),
        boundaries=_first(folder, _BOUNDARIES),
        names=_first(folder, _NAMES),
        left_out=tuple(
            f"{kind} files of other dates were left out: {', '.join(str(d or 'undated') for d in others)}"
            for kind in ("calendar", "reviews")
            if day not in found[kind] and (others := sorted(found[kind], key=str))
        ),
    )


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as broken:
        problem = f"cannot be opened ({broken.strerror})."
        raise UnreadableSource(folder, problem, hint="Look at its permissions.") from broken


def _day_of(path: Path, named: str | None) -> date | None:
    try:
        return values.day(named)
    except ValueError as problem:
        raise UnreadableSource(path, f"{named} in its name is {problem}.", hint="Rename the file.") from problem


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)
