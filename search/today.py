"""Which day it is: where a guest looks, and at each listing that is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Self

from lodestay.clock import date_at
from lodestay.stay import Stay
from search.ring import is_askable


@dataclass(frozen=True)
class Today:
    """The dates at one instant. A listing has that of its market, which lies in one time zone.

    Attributes
    ----------
    here
        Where the guest looks, and in every market that has no other.
    elsewhere
        By market, where it is another day.
    """

    here: date
    elsewhere: Mapping[str, date] = field(default_factory=dict)

    @classmethod
    def at(cls, instant: datetime, timezone: str, markets: Mapping[str, str]) -> Self:
        """Tell the dates of an instant.

        Parameters
        ----------
        timezone
            Where the guest looks (IANA name).
        markets
            Time zone of each market that listings may be found in.
        """
        dates = {zone: date_at(instant, zone) for zone in {timezone, *markets.values()}}
        here = dates[timezone]
        if len(set(dates.values())) == 1:
            return cls(here)
        return cls(here, {market: dates[zone] for market, zone in markets.items() if dates[zone] != here})

    @cached_property
    def days(self) -> frozenset[date]:
        """Every date that it is somewhere."""
        return frozenset({self.here, *self.elsewhere.values()})

    def of(self, market: str) -> date:
        """The date in a market."""
        return self.elsewhere.get(market, self.here)

    def markets_by_day(self) -> dict[date, list[str]]:
        """Markets of each date that is not the one here."""
        found: defaultdict[date, list[str]] = defaultdict(list)
        for market, day in sorted(self.elsewhere.items()):
            found[day].append(market)
        return dict(found)

    def is_askable(self, stay: Stay) -> bool:
        """Whether a stay lies between today and the horizon of some listing (:func:`search.ring.is_askable`)."""
        return any(is_askable(stay, day) for day in self.days)
