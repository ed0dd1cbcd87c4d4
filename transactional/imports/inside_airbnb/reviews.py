"""The reviews file: full records, or dates only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from lodestay.snapshot import DATE_ONLY, Reject
from transactional.imports.errors import UnreadableSource
from transactional.imports.inside_airbnb import values
from transactional.imports.inside_airbnb.calendar import BELONGING, NOT_IMPORTED
from transactional.imports.inside_airbnb.files import csv_rows
from transactional.imports.inside_airbnb.rows import BadRow, Row, nameless

REQUIRED: Final = ("listing_id", "date")
HINT: Final = "Download the city's reviews.csv.gz again."
NOBODY: Final = "unknown"
"""Author's key where the file does not say who wrote."""


@dataclass(frozen=True)
class Reviews:
    """What the reviews file says; the reviewer's number and name are not masked yet."""

    rows: list[dict[str, Any]]
    total: int
    has_texts: bool
    rejects: list[Reject]


def read_reviews(path: Path, *, listing_ids: frozenset[str], author_key: Callable[[str], str]) -> Reviews:
    """Read the reviews of the listings.

    Parameters
    ----------
    author_key
        Pseudonym for a reviewer's number.

    Raises
    ------
    UnreadableSource
        Cut off, not CSV, without a column it needs, or of another city.
    """
    header, records = csv_rows(path, REQUIRED, hint=HINT)
    rejects: list[Reject] = []
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    same_day: Counter[tuple[str, date]] = Counter()
    total, strangers = 0, 0
    for line, record in records:
        total += 1
        row = Row(dict(zip(header, record, strict=False)), file=path.name, line=line, rejects=rejects)
        try:
            if len(record) != len(header):
                raise BadRow("", "wrong number of fields", "")  # noqa: TRY301
            listing = row.need("listing_id", values.text)
            if listing not in listing_ids:
                strangers += 1
                raise BadRow("listing_id", NOT_IMPORTED, listing)  # noqa: TRY301
            written = row.need("date", values.day)
            same_day[listing, written] += 1
            review = values.text(row.raw("id")) or f"{DATE_ONLY}{written}:{same_day[listing, written]}"
            if (key := f"{listing}/{review}") in seen:
                raise BadRow("id", "review stands twice in the file", review)  # noqa: TRY301
            seen.add(key)
        except BadRow as bad:
            rejects.append(Reject(path.name, line, bad.column or None, bad.reason, nameless(bad.raw)))
            continue
        reviewer = values.text(row.raw("reviewer_id"))
        rows.append(
            {
                "source_id": listing,
                "review_id": review,
                "author_key": author_key(reviewer) if reviewer else NOBODY,
                "written_on": written,
                "rating": None,
                "comment": row.raw("comments"),
                "author_name": row.raw("reviewer_name"),
            }
        )
    if strangers > (1 - BELONGING) * total:
        raise UnreadableSource(
            path,
            f"of another city or date: {strangers:,} of {total:,} reviews are of listings not in the listings file.",
            hint="Put the files of one city and one date into the folder.",
        )
    return Reviews(rows=rows, total=total, has_texts="comments" in header, rejects=rejects)
