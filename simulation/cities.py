"""The cities of the synthetic marketplace: real names and places, invented business.

Seven cities on three continents, heavy-tailed in size: four currencies beside the euro's, one without
decimals (JPY); a southern summer (Cape Town); ten languages of hosts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from lodestay.snapshot import MarketFacts

MonthDay = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A part of a city: where it is, its share of the listings and what it adds to a price (factor)."""

    name: str
    latitude: float
    longitude: float
    share: float
    premium: float


@dataclass(frozen=True, slots=True)
class Season:
    """A part of the year.

    Attributes
    ----------
    first, until
        Month and day of the first night, and of the first night after; `until` before `first` runs
        over New Year.
    price
        Factor on nightly prices that a typical host asks.
    demand
        Factor on the number of guests who want these nights.
    min_stay
        Nights that hosts who care ask for at least; 1: as always.
    """

    name: str
    first: MonthDay
    until: MonthDay
    price: float
    demand: float
    min_stay: int

    def spans(self, start: date, end: date) -> Iterator[tuple[date, date]]:
        """The half-open spans of the season inside ``[start, end)``."""
        for year in range(start.year - 1, end.year + 1):
            first = date(year, *self.first)
            until = date(year + (self.until <= self.first), *self.until)
            span = max(first, start), min(until, end)
            if span[0] < span[1]:
                yield span


@dataclass(frozen=True, slots=True)
class CityEvent:
    """Nights of the year that fill a city (a festival, a fair): factors as in :class:`Season`."""

    name: str
    first: MonthDay
    nights: int
    price: float
    demand: float

    def spans(self, start: date, end: date) -> Iterator[tuple[date, date]]:
        """The half-open spans of the event inside ``[start, end)``."""
        for year in range(start.year - 1, end.year + 1):
            first = date(year, *self.first)
            span = max(first, start), min(first + timedelta(days=self.nights), end)
            if span[0] < span[1]:
                yield span


@dataclass(frozen=True, slots=True)
class City:
    """A market before it has listings.

    Attributes
    ----------
    median_price
        Of a night for two in an entire home, in major units of the currency.
    weekend_price, weekend_demand
        Factors on Friday and Saturday nights; below one in a city of business travel.
    languages
        Shares of the languages hosts write in; the first is the city's own.
    coastal
        Whether a home can have the sea before its windows.
    """

    facts: MarketFacts
    median_price: float
    weekend_price: float
    weekend_demand: float
    languages: dict[str, float]
    coastal: bool
    neighbourhoods: tuple[Neighbourhood, ...]
    seasons: tuple[Season, ...]
    events: tuple[CityEvent, ...]


_PARIS = City(
    facts=MarketFacts(
        market_key="paris",
        name="Paris",
        country="FR",
        currency="EUR",
        timezone="Europe/Paris",
        latitude=48.8566,
        longitude=2.3522,
        service_fee_bps=1400,
        tax_bps=500,
    ),
    median_price=142.0,
    weekend_price=1.10,
    weekend_demand=1.25,
    languages={"fr": 0.66, "en": 0.22, "it": 0.06, "es": 0.06},
    coastal=False,
    neighbourhoods=(
        Neighbourhood("Louvre", 48.8625, 2.3364, 0.10, 1.32),
        Neighbourhood("Le Marais", 48.8590, 2.3590, 0.16, 1.28),
        Neighbourhood("Quartier Latin", 48.8480, 2.3470, 0.12, 1.18),
        Neighbourhood("Saint-Germain-des-Prés", 48.8540, 2.3330, 0.09, 1.36),
        Neighbourhood("Montmartre", 48.8867, 2.3431, 0.16, 1.02),
        Neighbourhood("Canal Saint-Martin", 48.8720, 2.3650, 0.11, 0.98),
        Neighbourhood("Bastille", 48.8530, 2.3740, 0.10, 1.00),
        Neighbourhood("Belleville", 48.8720, 2.3840, 0.09, 0.82),
        Neighbourhood("Batignolles", 48.8870, 2.3180, 0.07, 0.93),
    ),
    seasons=(
        Season("Spring", (4, 1), (6, 1), 1.10, 1.15, 1),
        Season("Summer", (6, 1), (9, 16), 1.22, 1.35, 2),
        Season("Winter quiet", (1, 5), (3, 1), 0.84, 0.65, 1),
    ),
    events=(
        CityEvent("Fashion week", (9, 28), 8, 1.35, 1.6),
        CityEvent("Roland-Garros", (5, 24), 15, 1.12, 1.2),
        CityEvent("New Year", (12, 29), 4, 1.55, 1.9),
    ),
)

_TOKYO = City(
    facts=MarketFacts(
        market_key="tokyo",
        name="Tokyo",
        country="JP",
        currency="JPY",
        timezone="Asia/Tokyo",
        latitude=35.6812,
        longitude=139.7671,
        service_fee_bps=1400,
        tax_bps=1000,
    ),
    median_price=15_800.0,
    weekend_price=1.16,
    weekend_demand=1.3,
    languages={"ja": 0.60, "en": 0.24, "zh": 0.16},
    coastal=False,
    neighbourhoods=(
        Neighbourhood("Shinjuku", 35.6938, 139.7034, 0.26, 1.10),
        Neighbourhood("Shibuya", 35.6620, 139.7038, 0.15, 1.22),
        Neighbourhood("Asakusa", 35.7148, 139.7967, 0.16, 0.95),
        Neighbourhood("Ueno", 35.7120, 139.7740, 0.12, 0.92),
        Neighbourhood("Ginza", 35.6717, 139.7650, 0.07, 1.38),
        Neighbourhood("Akihabara", 35.6984, 139.7731, 0.08, 1.00),
        Neighbourhood("Ikebukuro", 35.7295, 139.7109, 0.11, 0.86),
        Neighbourhood("Shimokitazawa", 35.6613, 139.6680, 0.05, 0.84),
    ),
    seasons=(
        Season("Cherry blossom", (3, 20), (4, 12), 1.45, 1.7, 2),
        Season("Golden Week", (4, 28), (5, 7), 1.35, 1.5, 2),
        Season("Autumn leaves", (10, 25), (12, 5), 1.20, 1.3, 1),
        Season("Winter quiet", (1, 6), (3, 1), 0.86, 0.7, 1),
    ),
    events=(
        CityEvent("Obon", (8, 12), 5, 1.20, 1.3),
        CityEvent("Marathon weekend", (3, 1), 2, 1.18, 1.3),
        CityEvent("New Year", (12, 29), 6, 1.40, 1.5),
    ),
)

_LISBON = City(
    facts=MarketFacts(
        market_key="lisbon",
        name="Lisbon",
        country="PT",
        currency="EUR",
        timezone="Europe/Lisbon",
        latitude=38.7139,
        longitude=-9.1394,
        service_fee_bps=1400,
        tax_bps=600,
    ),
    median_price=98.0,
    weekend_price=1.12,
    weekend_demand=1.3,
    languages={"pt": 0.58, "en": 0.22, "fr": 0.08, "es": 0.06, "nl": 0.06},
    coastal=True,
    neighbourhoods=(
        Neighbourhood("Baixa", 38.7110, -9.1375, 0.16, 1.20),
        Neighbourhood("Alfama", 38.7120, -9.1290, 0.20, 1.05),
        Neighbourhood("Chiado", 38.7107, -9.1430, 0.12, 1.30),
        Neighbourhood("Bairro Alto", 38.7134, -9.1460, 0.14, 1.04),
        Neighbourhood("Graça", 38.7167, -9.1300, 0.10, 0.90),
        Neighbourhood("Príncipe Real", 38.7180, -9.1500, 0.09, 1.22),
        Neighbourhood("Campo de Ourique", 38.7180, -9.1660, 0.08, 0.88),
        Neighbourhood("Belém", 38.6980, -9.2060, 0.06, 0.92),
        Neighbourhood("Parque das Nações", 38.7680, -9.0960, 0.05, 0.94),
    ),
    seasons=(
        Season("Spring", (4, 1), (6, 15), 1.12, 1.15, 1),
        Season("Summer", (6, 15), (9, 16), 1.38, 1.6, 3),
        Season("Winter quiet", (11, 10), (12, 20), 0.82, 0.7, 1),
        Season("January quiet", (1, 7), (3, 1), 0.78, 0.6, 1),
    ),
    events=(
        CityEvent("Santo António", (6, 11), 4, 1.35, 1.6),
        CityEvent("Technology summit", (11, 9), 5, 1.60, 1.9),
        CityEvent("New Year", (12, 29), 4, 1.50, 1.7),
    ),
)

_BARCELONA = City(
    facts=MarketFacts(
        market_key="barcelona",
        name="Barcelona",
        country="ES",
        currency="EUR",
        timezone="Europe/Madrid",
        latitude=41.3874,
        longitude=2.1686,
        service_fee_bps=1400,
        tax_bps=800,
    ),
    median_price=124.0,
    weekend_price=1.15,
    weekend_demand=1.35,
    languages={"es": 0.60, "en": 0.22, "it": 0.09, "de": 0.05, "nl": 0.04},
    coastal=True,
    neighbourhoods=(
        Neighbourhood("Barri Gòtic", 41.3833, 2.1777, 0.16, 1.12),
        Neighbourhood("Dreta de l'Eixample", 41.3950, 2.1680, 0.20, 1.22),
        Neighbourhood("El Raval", 41.3800, 2.1690, 0.13, 0.88),
        Neighbourhood("Gràcia", 41.4030, 2.1570, 0.13, 1.00),
        Neighbourhood("La Barceloneta", 41.3800, 2.1890, 0.10, 1.18),
        Neighbourhood("El Born", 41.3850, 2.1840, 0.12, 1.16),
        Neighbourhood("Sants", 41.3760, 2.1370, 0.08, 0.82),
        Neighbourhood("Poblenou", 41.4010, 2.2000, 0.08, 0.98),
    ),
    seasons=(
        Season("Spring", (4, 1), (6, 10), 1.14, 1.2, 1),
        Season("Summer", (6, 10), (9, 20), 1.40, 1.65, 3),
        Season("Winter quiet", (1, 8), (2, 20), 0.78, 0.6, 1),
    ),
    events=(
        CityEvent("Mobile congress", (3, 1), 5, 1.90, 2.2),
        CityEvent("Primavera", (6, 3), 4, 1.40, 1.6),
        CityEvent("La Mercè", (9, 23), 3, 1.20, 1.3),
        CityEvent("New Year", (12, 29), 4, 1.40, 1.5),
    ),
)

_CAPE_TOWN = City(
    facts=MarketFacts(
        market_key="cape-town",
        name="Cape Town",
        country="ZA",
        currency="ZAR",
        timezone="Africa/Johannesburg",
        latitude=-33.9249,
        longitude=18.4241,
        service_fee_bps=1500,
        tax_bps=0,
    ),
    median_price=1_650.0,
    weekend_price=1.08,
    weekend_demand=1.2,
    languages={"en": 0.82, "de": 0.09, "nl": 0.09},
    coastal=True,
    neighbourhoods=(
        Neighbourhood("City Bowl", -33.9300, 18.4150, 0.22, 0.96),
        Neighbourhood("Sea Point", -33.9150, 18.3870, 0.24, 1.05),
        Neighbourhood("Camps Bay", -33.9510, 18.3830, 0.14, 1.75),
        Neighbourhood("Green Point", -33.9050, 18.4060, 0.14, 1.14),
        Neighbourhood("Woodstock", -33.9280, 18.4450, 0.09, 0.74),
        Neighbourhood("Observatory", -33.9380, 18.4700, 0.07, 0.66),
        Neighbourhood("Muizenberg", -34.1050, 18.4690, 0.10, 0.84),
    ),
    seasons=(
        Season("High summer", (12, 14), (1, 12), 1.75, 1.9, 4),
        Season("Summer", (1, 12), (4, 1), 1.25, 1.35, 2),
        Season("Winter", (5, 10), (9, 1), 0.72, 0.55, 1),
    ),
    events=(
        CityEvent("Jazz festival", (3, 27), 3, 1.20, 1.4),
        CityEvent("Cycle tour", (3, 7), 3, 1.25, 1.5),
    ),
)

_VIENNA = City(
    facts=MarketFacts(
        market_key="vienna",
        name="Vienna",
        country="AT",
        currency="EUR",
        timezone="Europe/Vienna",
        latitude=48.2082,
        longitude=16.3738,
        service_fee_bps=1400,
        tax_bps=500,
    ),
    median_price=96.0,
    weekend_price=1.06,
    weekend_demand=1.15,
    languages={"de": 0.70, "en": 0.22, "it": 0.08},
    coastal=False,
    neighbourhoods=(
        Neighbourhood("Innere Stadt", 48.2090, 16.3700, 0.20, 1.45),
        Neighbourhood("Leopoldstadt", 48.2190, 16.3960, 0.20, 0.96),
        Neighbourhood("Landstraße", 48.1980, 16.3960, 0.14, 0.95),
        Neighbourhood("Wieden", 48.1920, 16.3690, 0.12, 1.02),
        Neighbourhood("Neubau", 48.2020, 16.3490, 0.16, 1.08),
        Neighbourhood("Josefstadt", 48.2110, 16.3480, 0.08, 1.04),
        Neighbourhood("Favoriten", 48.1750, 16.3780, 0.10, 0.76),
    ),
    seasons=(
        Season("Summer", (6, 1), (9, 15), 1.14, 1.25, 1),
        Season("Advent", (11, 20), (12, 24), 1.28, 1.45, 2),
        Season("Winter quiet", (1, 8), (3, 10), 0.82, 0.7, 1),
    ),
    events=(
        CityEvent("Opera ball", (2, 11), 3, 1.20, 1.2),
        CityEvent("New Year's concert", (12, 28), 5, 1.70, 1.9),
    ),
)

_GOTHENBURG = City(
    facts=MarketFacts(
        market_key="gothenburg",
        name="Gothenburg",
        country="SE",
        currency="SEK",
        timezone="Europe/Stockholm",
        latitude=57.7089,
        longitude=11.9746,
        service_fee_bps=1400,
        tax_bps=0,
    ),
    median_price=1_020.0,
    weekend_price=0.97,
    weekend_demand=0.95,
    languages={"sv": 0.74, "en": 0.20, "de": 0.06},
    coastal=True,
    neighbourhoods=(
        Neighbourhood("Inom Vallgraven", 57.7050, 11.9640, 0.22, 1.22),
        Neighbourhood("Haga", 57.6980, 11.9560, 0.18, 1.12),
        Neighbourhood("Linnéstaden", 57.6930, 11.9500, 0.18, 1.06),
        Neighbourhood("Majorna", 57.6900, 11.9230, 0.14, 0.92),
        Neighbourhood("Örgryte", 57.6960, 12.0140, 0.12, 0.96),
        Neighbourhood("Lindholmen", 57.7070, 11.9380, 0.10, 0.94),
        Neighbourhood("Långedrag", 57.6680, 11.8500, 0.06, 1.05),
    ),
    seasons=(
        Season("Summer", (6, 15), (8, 20), 1.30, 1.6, 2),
        Season("Winter quiet", (1, 5), (3, 15), 0.84, 0.7, 1),
    ),
    events=(
        CityEvent("Half marathon", (5, 16), 3, 1.30, 1.6),
        CityEvent("Way Out West", (8, 6), 4, 1.55, 1.9),
        CityEvent("Christmas market", (12, 5), 16, 1.12, 1.2),
    ),
)

CITIES: Final = (_PARIS, _TOKYO, _LISBON, _BARCELONA, _CAPE_TOWN, _VIENNA, _GOTHENBURG)
"""Largest first; the n-th has a share of the listings in proportion to 1 / n."""
