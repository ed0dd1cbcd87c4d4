"""What hosts and guests write, from a small grammar for each of ten languages (`texts/*.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from lodestay.vocabulary.property_types import PropertyType, RoomType
from simulation.cities import City
from simulation.draws import Ints, Texts
from simulation.homes import CODES, Homes

LANGUAGES: Final = ("de", "en", "es", "fr", "it", "ja", "nl", "pt", "sv", "zh")
_UNSPACED: Final = frozenset({"ja", "zh"})
_CENTRAL_KM: Final = 2.5
_SENTENCES: Final = 4
"""Amenities that a description dwells on."""
_LIKED, _SO_SO = 5, 4
_NOUNS: Final = {
    PropertyType.APARTMENT: "apartment",
    PropertyType.SERVICED_APARTMENT: "apartment",
    PropertyType.LOFT: "loft",
    PropertyType.HOUSE: "house",
    PropertyType.TOWNHOUSE: "house",
    PropertyType.VILLA: "villa",
    PropertyType.GUESTHOUSE: "guesthouse",
    PropertyType.BED_AND_BREAKFAST: "guesthouse",
    PropertyType.HOTEL: "hotel",
    PropertyType.APARTHOTEL: "hotel",
    PropertyType.HOSTEL: "shared",
}


@cache
def grammar(language: str) -> dict[str, Any]:
    """Read the phrases of a language."""
    return tomllib.loads((files("simulation") / "texts" / f"{language}.toml").read_text(encoding="utf-8"))


class _Choices:
    """A supply of uniform draws, handed out as choices: far cheaper than one call of the generator each."""

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self._draws: Iterator[float] = iter(rng.random(count).tolist())

    def one(self, phrases: Sequence[str]) -> str:
        return phrases[int(next(self._draws) * len(phrases))]

    def below(self, limit: int) -> int:
        return int(next(self._draws) * limit)

    def some(self, phrases: Sequence[str], count: int) -> list[str]:
        """Choose neighbours in the list, so that none comes twice."""
        first = int(next(self._draws) * len(phrases))
        return [phrases[(first + n) % len(phrases)] for n in range(min(count, len(phrases)))]


def listing_texts(rng: np.random.Generator, city: City, homes: Homes, language: Texts) -> list[tuple[str, str, str]]:
    """Write the title, the description and the house rules of each home in its host's language."""
    choices = _Choices(rng, 24 * len(language))
    return [_listing_text(choices, city, homes, row, code) for row, code in enumerate(language.tolist())]


def _listing_text(choices: _Choices, city: City, homes: Homes, row: int, language: str) -> tuple[str, str, str]:
    words = grammar(language)
    has = [code for code, present in zip(CODES, homes.has[row].tolist(), strict=True) if present]
    place = city.neighbourhoods[int(homes.neighbourhood[row])].name
    traits = [*words["traits"]["any"], *(t for code in has for t in words["traits"].get(code, ()) for _ in range(3))]
    slots = {
        "place": words.get("places", {}).get(place, place),
        "noun": choices.one(words["nouns"][_noun(homes, row)]),
        "trait": choices.one(traits),
        "guests": int(homes.accommodates[row]),
        "beds": int(homes.beds[row]),
    }
    notable = [code for code in has if code in words["amenities"]]
    sentences = [
        choices.one(words["opening"]),
        choices.one(words["size"]),
        choices.one(words["central" if homes.centre_km[row] < _CENTRAL_KM else "quiet"]),
        *(choices.one(words["amenities"][code]) for code in choices.some(notable, _SENTENCES)),
        choices.one(words["closing"]),
    ]
    pets = words["pets"][0 if "pets_allowed" in has else 1]
    rules = [*choices.some(words["rules"], 2 + choices.below(3)), pets]
    space = "" if language in _UNSPACED else " "
    title = choices.one(words["title"]).format_map(slots)
    description = space.join(sentences).format_map(slots)
    return title[:1].upper() + title[1:], description, space.join(rules)


def _noun(homes: Homes, row: int) -> str:
    kind = _NOUNS[PropertyType(str(homes.property_type[row]))]
    if homes.room_type[row] == RoomType.SHARED_ROOM:
        return "shared"
    return "room" if homes.room_type[row] == RoomType.PRIVATE_ROOM and kind != "guesthouse" else kind


def review_comments(rng: np.random.Generator, *, stars: Ints, language: Texts) -> list[str]:
    """Write a comment for each review: praise or blame by its stars."""
    choices = _Choices(rng, 5 * len(stars))
    return [_comment(choices, given, code) for given, code in zip(stars.tolist(), language.tolist(), strict=True)]


def _comment(choices: _Choices, stars: int, language: str) -> str:
    words = grammar(language)["reviews"]
    mood = "great" if stars >= _LIKED else "fine" if stars >= _SO_SO else "poor"
    praise = choices.below(3) + (stars >= _LIKED) if stars >= _SO_SO else 0
    blame = 1 + choices.below(2) if stars < _SO_SO else int(stars == _SO_SO and choices.below(2))
    sentences = [choices.one(words[mood]), *choices.some(words["good"], praise), *choices.some(words["bad"], blame)]
    return ("" if language in _UNSPACED else " ").join(sentences)
