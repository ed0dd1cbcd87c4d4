"""Values as the files write them: "$1,309.00", "t", "95%", "1.5 shared baths", two kinds of amenity list.

Each reader returns None for a blank and raises ``ValueError`` with the reason for what it cannot read.
"""

from __future__ import annotations

import json
import math
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from lodestay.money import BPS, Money

_BLANKS: Final = frozenset({"", "N/A", "NA", "None", "null", "NULL", "nan", "NaN"})
_BRACE_ITEM: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,]+)')
_BATHS: Final = re.compile(r"\d+(\.\d+)?")
_RESPONSE_HOURS: Final = {"within an hour": 1, "within a few hours": 6, "within a day": 24, "a few days or more": 72}

INT32_MAX: Final = 2**31 - 1
MOST_PRICE: Final = 10**9
"""In major units of any currency: what is higher is a slip, and thousands of it could not be summed up."""
_MOST_BATHS: Final = 999
_YEARS: Final = range(1990, 2200)
"""In which anything of ours can happen: dates beyond cannot even be moved by some years."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""Characters that are no text for PostgreSQL: NUL, and halves of a pair."""


def text(raw: str | None) -> str | None:
    """Strip, and see blanks as nothing."""
    stripped = (raw or "").strip()
    return None if stripped in _BLANKS else stripped


def count(raw: str | None) -> int | None:
    """Read how many there are ("2", "2.0"), kept within 32 bits."""
    number = decimal(raw)
    if number is None:
        return None
    if number != int(number):
        raise ValueError("not a whole number")
    if number < 0:
        raise ValueError("below zero")
    return min(INT32_MAX, int(number))


def decimal(raw: str | None) -> float | None:
    """Read a number."""
    given = text(raw)
    if given is None:
        return None
    try:
        number = float(given)
    except ValueError:
        raise ValueError("not a number") from None
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def price(raw: str | None, currency: str) -> int | None:
    """Read an amount in minor units of `currency`: the sign in the text says nothing of the currency."""
    given = text(raw)
    if given is None:
        return None
    try:
        amount = Decimal(given.lstrip("$€£¥ ").replace(",", ""))
    except InvalidOperation:
        raise ValueError("not a price") from None
    if not amount.is_finite():
        raise ValueError("not a price")
    if amount < 0:
        raise ValueError("price below zero")
    if amount > MOST_PRICE:
        raise ValueError("higher than any price")
    return Money.parse(amount, currency).minor


def nightly_price(raw: str | None, currency: str) -> int | None:
    """Read the price of a night, which is never nothing."""
    minor = price(raw, currency)
    if minor == 0:
        raise ValueError("price is zero")
    return minor


def flag(raw: str | None) -> bool | None:
    """Read "t" or "f"."""
    given = text(raw)
    if given is None:
        return None
    if given.lower() in {"t", "true"}:
        return True
    if given.lower() in {"f", "false"}:
        return False
    raise ValueError("neither t nor f")


def share_bps(raw: str | None) -> int | None:
    """Read "95%" as 9500 basis points."""
    given = text(raw)
    if given is None:
        return None
    number = decimal(given.rstrip("%"))
    if number is None or not 0 <= number <= 100:  # noqa: PLR2004 - per cent
        raise ValueError("not a share of a hundred")
    return round(number * BPS / 100)


def day(raw: str | None) -> date | None:
    """Read an ISO date."""
    given = text(raw)
    if given is None:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        raise ValueError("not a date") from None
    if found.year not in _YEARS:
        raise ValueError("not a date of our time")
    return found


def response_hours(raw: str | None) -> int | None:
    """Read "within a few hours" as an upper bound in hours."""
    given = text(raw)
    if given is None:
        return None
    if given not in _RESPONSE_HOURS:
        raise ValueError("unknown response time")
    return _RESPONSE_HOURS[given]


def bathrooms(raw: str | None) -> tuple[Decimal | None, bool]:
    """Read "1.5 shared baths" or "Half-bath": the number in halves, and whether it is shared."""
    given = (text(raw) or "").lower()
    number = _BATHS.search(given)
    shared = "shared" in given
    if number and float(number.group()) > _MOST_BATHS:
        raise ValueError("more baths than any place has")
    if number:
        return Decimal(number.group()).quantize(Decimal("0.1")), shared
    if "half" in given:
        return Decimal("0.5"), shared
    if given:
        raise ValueError("no number of baths")
    return None, shared


def amenity_mentions(raw: str | None) -> tuple[str, ...]:
    """Read a JSON list (since late 2020) or a brace list (before) of free words."""
    given = (raw or "").strip()
    if given.startswith("["):
        try:
            items = json.loads(given)
        except (json.JSONDecodeError, RecursionError):
            raise ValueError("broken list of amenities") from None
        return tuple(_UNSTORABLE.sub("", str(item)) for item in items)
    if given.startswith("{") and given.endswith("}"):
        found = _BRACE_ITEM.findall(given[1:-1])
        return tuple(quoted.replace('\\"', '"') or bare for quoted, bare in found)
    if given:
        raise ValueError("broken list of amenities")
    return ()
