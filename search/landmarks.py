"""Landmarks: places that hosts name as near, and where they must be.

No open list of points of interest comes with the packages, but hosts write "5 min from Grove Street PATH", and mean a
place that lies in the midst of them. A name is taken where hosts enough name it so and where their listings keep
together; the middle is the median, which a boast from across the city does not move.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from search.geography import distance_km
from search.place_words import COMMON, LANDMARKS, without_article
from search.places import folded
from search.request import Point

LEAST_HOSTS: Final = 8
"""Hosts who must name a landmark: so many do not agree by chance on a name and on where it is."""
MOST_SPREAD_KM: Final = 0.7
"""Median distance of their listings from the middle, at most."""
SHARE_OF_SPREAD: Final = 0.6
"""The same, of the median distance of all listings of the market from theirs: a village keeps together anyway."""
MOST_WORDS: Final = 5

_NEAR: Final = (
    "near(?: to)?|close to|next to|opposite|across from|behind|beside|around the corner (?:from|of)"
    "|(?:steps|minutes?|mins?|walk|walking(?: distance)?|stroll|met(?:re|er)s|blocks?|k?m|away) (?:from|to|of)"
    "|nära|bredvid|intill|(?:minuter|min|promenad|meter|gångavstånd) (?:från|till)"
    "|vlakbij|dichtbij|nabij|naast|(?:minuten|min|meter|wandelen|stappen|wandelafstand) (?:van|tot|naar)"
    "|près d[eu]s?|à côté d[eu]s?|(?:minutes|min|mètres|pas) (?:à pied )?d[eu]s?"
    "|cerca del?|junto al?|minutos del?|vicino al?|minuti dal?|perto d[aeo]"
    "|nahe|neben|unweit|(?:Minuten|Meter) (?:vom|von|zum|zur|bis)"
)
"""What stands before a landmark, in eight languages."""
_ARTICLE: Final = "the|famous|beautiful|historic|de|het|den|det|la|le|les|el|los|las|il|der|die|das|dem"
_CAPITAL: Final = r"(?:St\.|[A-Z\u00c0-\u00de][\w'\u2019&\-]*)"
_SMALL: Final = "of|the|our|de|la|du|des|van|der|den|och|&"
_NAME: Final = rf"{_CAPITAL}(?: (?:{_SMALL}|{_CAPITAL}))*"
_MENTION: Final = re.compile(rf"\b(?i:{_NEAR}) +(?:(?i:{_ARTICLE}) +){{0,2}}({_NAME})")
_DANGLING: Final = re.compile(rf"(?: (?:{_SMALL}))+$")
SCHEMA: Final = pa.schema(
    {
        "name": pa.string(),
        "latitude": pa.float64(),
        "longitude": pa.float64(),
        "spread_km": pa.float64(),
        "hosts": pa.int64(),
    }
)
"""Columns of `lodestay.lake.LANDMARKS` beside the partitions; a row a :class:`Landmark`."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A host names something as near to a listing."""

    name: str
    host: str
    location: Point


@dataclass(frozen=True, slots=True)
class Landmark:
    """A place that hosts name.

    Attributes
    ----------
    spread_km
        Median distance of the listings from the middle.
    hosts
        How many name it.
    """

    name: str
    location: Point
    spread_km: float
    hosts: int


def named_in(text: str) -> set[str]:
    """Names that a text says to be near."""
    found = (_DANGLING.sub("", match[1].rstrip("-'\u2019")) for match in _MENTION.finditer(text))
    return {name for name in found if _may_name(name)}


def find_landmarks(mentions: Iterable[Mention], homes: Iterable[Point]) -> list[Landmark]:
    """Find the landmarks of a market, those that most hosts name first.

    Parameters
    ----------
    mentions
        Of every listing; a host counts once for a name, with the listing that comes first.
    homes
        Where all of its listings are.
    """
    _, usual_km = _middle(list(homes))
    limit = min(MOST_SPREAD_KM, SHARE_OF_SPREAD * usual_km)
    by_host = defaultdict[str, dict[str, Point]](dict)
    spelled = defaultdict[str, Counter[str]](Counter)
    for mention in mentions:
        key = folded(mention.name)
        by_host[key].setdefault(mention.host, mention.location)
        spelled[key][mention.name] += 1
    found = []
    for key, told in by_host.items():
        if len(told) >= LEAST_HOSTS:
            middle, spread = _middle(list(told.values()))
            if spread <= limit:
                name = min(spelled[key].items(), key=lambda item: (-item[1], item[0]))[0]
                found.append(Landmark(name, middle, spread, len(told)))
    return sorted(found, key=lambda landmark: (-landmark.hosts, landmark.name))


def names_of(name: str, *, market: str) -> tuple[str, ...]:
    """Say what a landmark is called, as hosts spell it first: without the city's name too, and in other languages.

    Only a common noun has names in other languages here: the cathedral, (Antwerp) central station.
    """
    words, city = name.split(), folded(market)
    bare = " ".join(words[1:]) if len(words) > 1 and folded(words[0]) == city else name
    others = next((group for group in LANDMARKS if folded(bare) in {folded(noun) for noun in group}), ())
    return tuple(dict.fromkeys((name, bare, *others)))


def is_broken_off(name: str, whole: str) -> bool:
    """Whether a name is another, or some of its words in a row: "the Marais" of "Le Marais", "Dreta" of a longer one.

    Hosts near a neighbourhood write its name in many ways, and cut it short.
    """
    return f" {folded(without_article(name))} " in f" {folded(whole)} "


def _may_name(name: str) -> bool:
    words = folded(name).split()
    return 0 < len(words) <= MOST_WORDS and len("".join(words)) > 2 and not set(words) <= COMMON  # noqa: PLR2004


def _middle(points: list[Point]) -> tuple[Point, float]:
    """Median place, and the median distance from it in km; nowhere where there is none."""
    if not points:
        return Point(0.0, 0.0), 0.0
    degrees: NDArray[np.float64] = np.array([(point.latitude, point.longitude) for point in points])
    latitude, longitude = np.median(degrees, axis=0).tolist()
    middle = Point(latitude, longitude)
    return middle, float(np.median([distance_km(middle, point) for point in points]))
