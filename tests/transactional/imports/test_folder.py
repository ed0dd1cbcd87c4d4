"""Which files make up a snapshot."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from transactional.imports.errors import UnreadableSource
from transactional.imports.inside_airbnb.folder import find_files


def folder_of(path: Path, *names: str) -> Path:
    """A folder of empty files."""
    for name in names:
        (path / name).touch()
    return path


def test_takes_the_names_of_inside_airbnb(tmp_path: Path) -> None:
    """The detailed listings.csv.gz is taken, not the summary beside it."""
    files = find_files(
        folder_of(
            tmp_path, "listings.csv", "listings.csv.gz", "calendar.csv.gz", "reviews.csv", "neighbourhoods.geojson"
        ),
        snapshot=None,
    )
    names = [file.name for file in files.all]
    assert names == ["listings.csv.gz", "calendar.csv.gz", "reviews.csv", "neighbourhoods.geojson"]
    assert files.snapshot_date is None


def test_takes_the_newest_snapshot_alone(tmp_path: Path) -> None:
    """A calendar or reviews of another date are not mixed in, and that is said."""
    folder = folder_of(
        tmp_path,
        "listings_2023-09-23.csv.gz",
        "listings_2023-12-26.csv.gz",
        "calendar_2023-09-23.csv.gz",
        "reviews_dates_2023-12-26.csv.gz",
    )
    newest = find_files(folder, snapshot=None)
    assert newest.snapshot_date == date(2023, 12, 26)
    assert newest.calendar is None
    assert newest.reviews is not None
    assert newest.left_out == ("calendar files of other dates were left out: 2023-09-23",)
    older = find_files(folder, snapshot=date(2023, 9, 23))
    assert older.calendar is not None
    assert older.reviews is None


@pytest.mark.parametrize(
    ("names", "snapshot", "problem"),
    [
        ((), None, "no listings.csv.gz"),
        (("calendar.csv.gz",), None, "no listings.csv.gz"),
        (("listings_2023-09-23.csv.gz",), date(2023, 9, 24), "no listings of 2023-09-24; there are: 2023-09-23"),
    ],
)
def test_says_what_is_not_there(tmp_path: Path, names: tuple[str, ...], snapshot: date | None, problem: str) -> None:
    """A folder without the listings asked for says which there are."""
    with pytest.raises(UnreadableSource, match=problem) as refused:
        find_files(folder_of(tmp_path, *names), snapshot=snapshot)
    assert refused.value.hint


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The path is in the sentence."""
    with pytest.raises(UnreadableSource, match="no such folder"):
        find_files(tmp_path / "nowhere", snapshot=None)


@pytest.mark.parametrize(
    "put",
    [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.name), lambda path: path.symlink_to("nowhere")],
    ids=["a folder", "a pipe", "a link to itself", "a link to nothing"],
)
def test_what_is_no_file_is_named(tmp_path: Path, put: Callable[[Path], object]) -> None:
    """Only the name is right: the path and what to do are said, and nothing waits for a pipe."""
    put(tmp_path / "listings.csv.gz")
    with pytest.raises(UnreadableSource, match="not a file") as stopped:
        find_files(tmp_path, snapshot=None).fingerprint()
    assert stopped.value.detail.startswith(str(tmp_path / "listings.csv.gz"))


def test_fingerprint_changes_with_bytes_and_options(tmp_path: Path) -> None:
    """The same files read in the same way have one fingerprint; anything else has another."""
    files = find_files(folder_of(tmp_path, "listings.csv.gz"), snapshot=None)
    first = files.fingerprint("EUR")
    assert files.fingerprint("EUR") == first
    assert files.fingerprint("SEK") != first
    files.listings.write_bytes(b"x")
    assert files.fingerprint("EUR") != first
