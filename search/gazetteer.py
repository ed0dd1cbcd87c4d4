"""Finding a place by what somebody typed: whole names, beginnings, and names with one slip."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from heapq import nsmallest
from math import log10
from typing import Final

from search.cases import nominatives
from search.geography import distance_km
from search.place_words import without_article
from search.places import Place, PlaceKind, folded
from search.readings import Mark, Reading, is_a_wish, readings
from search.request import Point
from search.slips import LAST_LETTER, slips

MAX_NAME: Final = 60
"""Letters of a name that are read."""
_FUZZY_FROM: Final = 4
"""Letters from which one may be wrong."""
_ALIASES_FROM: Final = 4
"""Letters from which names in other languages stand beside the names shown: of fewer, every place has one."""
_LAST_LATIN: Final = "\u024f"
_BY_ITS_NAME: Final = 1.5
"""Weight of being meant by the name shown, not by one in another language."""
_HAS_SUPPLY: Final = 4.0
"""Weight of having listings: as much as ten thousand times the people."""
_KIND: Final = {PlaceKind.MARKET: 2.0, PlaceKind.NEIGHBOURHOOD: 0.5, PlaceKind.LANDMARK: 0.25, PlaceKind.CITY: 0.0}
"""Weight of what a place is."""
_SLIP_FROM: Final = 5
"""Letters of a whole name from which one may be wrong."""
_REACH_DEGREES: Final = 1.0
"""Of latitude: beyond, no two places reach each other."""
_NAMED_KINDS: Final = frozenset({PlaceKind.MARKET, PlaceKind.NEIGHBOURHOOD, PlaceKind.LANDMARK})
"""The marketplace's own places, which are meant even where no word such as "near" says so."""
_SPELLED_KINDS: Final = frozenset({PlaceKind.MARKET, PlaceKind.NEIGHBOURHOOD})
"""Those that are meant even in small letters; the name of a landmark may be any words."""


@dataclass(frozen=True, slots=True)
class Named:
    """A place that a text names, and what else it says.

    Attributes
    ----------
    rest
        The text without the place; None where nothing is left.
    """

    place: Place
    rest: str | None


@dataclass(frozen=True, slots=True)
class Completion:
    """A place whose name may be completed from what was typed.

    Attributes
    ----------
    matched
        The name that begins as typed, where no word of the name shown does: "Wien" of Vienna. Else None.
    is_slipped
        Whether it was found by forgiving a slip.
    """

    place: Place
    matched: str | None
    is_slipped: bool


class Gazetteer:
    """Places by name.

    The tables are made at the first question; until then nothing is read.

    Parameters
    ----------
    read
        Brings the places: :func:`search.places.known_places` over the marketplace's own and GeoNames'.
    """

    def __init__(self, read: Callable[[], Iterable[Place]]) -> None:
        self._read = read

    def lookup(self, text: str, *, near: Point | None, market: str | None = None) -> Place | None:
        """Find the place of exactly this name (of a market), the weightiest where several have it, or None.

        The marketplace's own are found with an article too many ("the Alfama").
        """
        name = _read_name(text)
        bare = _read_name(without_article(text.strip()))
        place = self._meant(self._in(market, self._named(name)), name, near=near)
        return place or self._meant(self._own(self._in(market, self._named(bare))), bare, near=near)

    def understand(self, text: str, *, near: Point | None, market: str | None = None) -> Named | None:
        """Find the place that a text names: all of it, a part that a word such as "near" marks, or an end of it.

        So "sauna near Södermalm" and "loft near the cathedral with pool" are a place and a wish, and "nice flat" is
        no town in France. All of it is a town of the world only where somebody hosts around it, and never a wish:
        "nice", and "бассейн" which is a town in Myanmar too, stay words. An end needs no "near" where it is a place of
        the marketplace and written as a name, or of several words that only one market has. A marked name may be in
        another case, in Russian; one of the marketplace may have a slip.

        Parameters
        ----------
        near
            Where the guest looks: what lies there is rather meant.
        market
            Only places of this market; None allows any, but no landmark of several markets where `near` is not said.
        """
        every = list(readings(text))
        marked = [reading for reading in every if reading.mark is Mark.WORD]
        ways = ((self._written, every), (self._bent, marked), (self._slipped, marked))
        for places_of, tried in ways:
            for reading in tried:
                found = self._in(market, places_of(reading))
                if reading.mark is Mark.SPELLING and len({self._places[n].market for n in found}) > 1:
                    continue
                if (place := self._meant(found, _read_name(reading.name), near=near)) is not None:
                    return Named(place, reading.rest)
        return None

    def complete(self, text: str, *, near: Point | None, limit: int, market: str | None = None) -> list[Completion]:
        """Find the places whose name begins like the text, the likeliest first.

        A whole name stands before one that is begun, and of few letters the name shown before names in other languages.
        Of names that fit alike those of the market come first, then the weightiest. Where none begins so, it may have
        one slip (:func:`search.slips.slips`).

        Parameters
        ----------
        near, market
            Where the guest looks.
        """
        name = _read_name(text)
        if not name:
            return []
        begun = self._beginning(name)
        if begun or len(name) < _FUZZY_FROM:
            fits = {n: self._fit(n, name) for n in begun} | dict.fromkeys(self._whole(name), 0)
            return [
                Completion(self._places[n], self._matched(n, (name,)), is_slipped=False)
                for n in self._likeliest(fits, name, near=near, market=market, limit=limit)
            ]
        variants = tuple(dict.fromkeys(slips(self._table[0], name)))
        fits = {}
        for variant in variants:
            for n in self._beginning(variant):
                fits[n] = min(self._slipped_fit(n, variant), fits.get(n, 2))
        return [
            Completion(self._places[n], self._matched(n, variants), is_slipped=True)
            for n in self._likeliest(fits, "", near=near, market=market, limit=limit)
        ]

    def _whole(self, name: str) -> set[int]:
        """Places of all of this name: of few letters, or in another language, only those with listings.

        A word that is not yet typed to its end is a town's name somewhere.
        """
        is_long = len(name) >= _ALIASES_FROM
        return {
            n
            for n in self._named(name)
            if (self._places[n].listings and (is_long or self._shown[n] == name or not _is_latin(name)))
            or (is_long and self._shown[n] == name)
        }

    def _fit(self, n: int, name: str) -> int:
        """How well a beginning fits: 1 like any of its names, 2 like a foreign one while few letters are typed.

        A name in other letters than Latin is what the guest calls the place.
        """
        by_alias = len(name) < _ALIASES_FROM and _is_latin(name) and not _begins_a_word(self._shown[n], name)
        return 2 if by_alias else 1

    def _slipped_fit(self, n: int, variant: str) -> int:
        """How well a slip fits: 0 the whole name shown, 1 a beginning of it, 2 a name in another language."""
        shown = self._shown[n]
        if shown == variant:
            return 0
        return 1 if _begins_a_word(shown, variant) or not _is_latin(variant) else 2

    def _likeliest(
        self, fits: dict[int, int], name: str, *, near: Point | None, market: str | None, limit: int
    ) -> list[int]:
        """The best fits; of those alike the market's own, then by weight, reckoned of no more than it takes."""
        alike = defaultdict[tuple[int, bool], list[int]](list)
        for n, fit in fits.items():
            alike[fit, market is not None and self._places[n].market != market].append(n)
        best: list[int] = []
        for band in sorted(alike):
            if len(best) == limit:
                break
            best += nsmallest(limit - len(best), alike[band], key=lambda n: (-self._weight_of(n, name, near), n))
        return best

    def _matched(self, n: int, begun: tuple[str, ...]) -> str | None:
        """The shortest name that begins so, in the order of the place's names; None where a word of that shown does."""
        if any(_begins_a_word(self._shown[n], name) for name in begun):
            return None
        names = self._places[n].names
        fitting = [(len(plain), at) for at, plain in enumerate(_plain(names)) if plain.startswith(begun)]
        return names[min(fitting)[1]] if fitting else None

    @cached_property
    def _places(self) -> list[Place]:
        return list(self._read())

    @cached_property
    def _table(self) -> tuple[list[str], list[int]]:
        """Names in order, and beside each its place: two lists, since a tree of a million nodes would not be small."""
        names = {(folded(name)[:MAX_NAME], n) for n, place in enumerate(self._places) for name in place.names}
        pairs = sorted(pair for pair in names if pair[0])
        return [name for name, _ in pairs], [n for _, n in pairs]

    @cached_property
    def _shown(self) -> list[str]:
        return [folded(place.name) for place in self._places]

    @cached_property
    def _weights(self) -> list[float]:
        return [_weight(place) for place in self._places]

    def _owners(self, low: str, high: str) -> set[int]:
        """Places with a name from `low` to `high`, both included."""
        names, owners = self._table
        return set(owners[bisect_left(names, low) : bisect_left(names, high + "\0")])

    def _named(self, name: str) -> set[int]:
        return self._owners(name, name) if name else set()

    def _own(self, found: set[int], kinds: frozenset[PlaceKind] = _NAMED_KINDS) -> set[int]:
        return {n for n in found if self._places[n].kind in kinds}

    def _in(self, market: str | None, found: set[int]) -> set[int]:
        return found if market is None else {n for n in found if self._places[n].market == market}

    def _written(self, reading: Reading) -> set[int]:
        """Places of exactly this name, as far as the text says that one is meant."""
        name = _read_name(reading.name)
        found = self._named(name)
        if reading.mark is Mark.ALL:
            return {n for n in found if self._is_asked_for(n, reading.name)}
        if reading.mark is Mark.WORD:
            return found
        return self._own(found) if reading.mark is Mark.NAME else self._own(found, _SPELLED_KINDS)

    def _is_asked_for(self, n: int, text: str) -> bool:
        """Whether a text that is nothing but this name means the place, and not a word that a town is called too.

        Every word is a town's name in some language: "nice" is a wish where nobody can stay in Nice.
        """
        place = self._places[n]
        if is_a_wish(text) and not (place.kind in _NAMED_KINDS and self._shown[n] == _read_name(text)):
            return False
        return place.kind in _NAMED_KINDS or self._has_supply(place)

    def _has_supply(self, place: Place) -> bool:
        """Whether a place of the marketplace with listings reaches into this one."""
        return any(
            abs(own.location.latitude - place.location.latitude) < _REACH_DEGREES
            and distance_km(own.location, place.location) <= own.radius_km + place.radius_km
            for own in self._supplied
        )

    @cached_property
    def _supplied(self) -> list[Place]:
        return [place for place in self._places if place.listings]

    def _bent(self, reading: Reading) -> set[int]:
        """Places whose name this may be in another case; in small letters the marketplace's own alone."""
        names = nominatives(_read_name(reading.name))
        found = {n for name in names for n in self._named(name)}
        return found if reading.name[:1].isupper() else self._own(found)

    def _slipped(self, reading: Reading) -> set[int]:
        """The marketplace's own places whose whole name is one slip away."""
        name = _read_name(reading.name)
        if len(name) < _SLIP_FROM:
            return set()
        return self._own({n for variant in slips(self._table[0], name) for n in self._named(variant)})

    def _meant(self, found: set[int], name: str, *, near: Point | None) -> Place | None:
        """The likeliest of places; which of several landmarks is not guessed without knowing where the guest looks."""
        landmarks = {n for n in found if self._places[n].kind is PlaceKind.LANDMARK}
        if near is None and len({self._places[n].market for n in landmarks}) > 1:
            found = found - landmarks
        return next(iter(self._ranked(found, name, near=near)), None)

    def _beginning(self, name: str) -> set[int]:
        return self._owners(name, name + LAST_LETTER)

    def _ranked(self, found: Iterable[int], name: str, *, near: Point | None) -> list[Place]:
        return [self._places[n] for n in sorted(found, key=lambda n: (-self._weight_of(n, name, near), n))]

    def _weight_of(self, n: int, name: str, near: Point | None) -> float:
        by_its_name = _BY_ITS_NAME if self._shown[n].startswith(name) else 0.0
        return self._weights[n] + by_its_name - _far(self._places[n], near)


@lru_cache(maxsize=4096)
def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as they are compared; kept, since a city has a hundred and is asked for at every key."""
    return tuple(folded(name)[:MAX_NAME] for name in names)


def _is_latin(name: str) -> bool:
    return name[:1] <= _LAST_LATIN


def _begins_a_word(shown: str, name: str) -> bool:
    """Whether a name, or a word within it, begins so: "Le Marais" is shown to whoever types "mar"."""
    return f" {shown}".find(f" {name}") >= 0


def _read_name(text: str) -> str:
    return folded(text[: 4 * MAX_NAME])[:MAX_NAME]


def _weight(place: Place) -> float:
    """How likely a place is meant: by whether and how much there is to stay at, and by people."""
    supply = _HAS_SUPPLY + 2 * log10(1 + place.listings) if place.listings else 0.0
    kind = _KIND[place.kind]
    return kind + supply + log10(1 + place.population)


def _far(place: Place, near: Point | None) -> float:
    """How much less likely it is for being far from where the guest looks: 2 for 100 km, 4 for 1,000."""
    return 0.0 if near is None else 2 * log10(1 + distance_km(place.location, near) / 10)
