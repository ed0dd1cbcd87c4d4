"""Queries with what they should find, made from the texts and the facts of listings.

A phrase is taken from a description or a review and finds what holds it; a slip is a phrase with a letter wrong. A
need is said in one of ten languages ("avec une piscine") and finds what has the amenity, in whatever language its host
writes: whether it does is told by the listing's facts, not by its words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from bench.words_stock import Texts
from search.places import folded

WORDS: Final = 3
"""Words of a phrase, of which one is rare."""
RARE: Final = 5
"""Listings that a rare word is in, at most, …"""
RARE_SHARE: Final = 0.02
"""… or the share of all listings: a grammar has few words."""
_LONG: Final = 6
"""Letters of a word in which a slip is made."""
_WORD: Final = re.compile(r"[^\W\d_]+")

NEEDS: Final[Mapping[str, Mapping[str, str]]] = {
    "pool": {
        "en": "swimming pools", "fr": "avec une piscine", "de": "Schwimmbad", "es": "piscinas", "it": "con piscina",
        "pt": "com piscina", "nl": "zwembad", "sv": "simbassäng", "ja": "プール付き", "zh": "游泳池",
    },
    "sauna": {"fr": "un sauna", "de": "mit Sauna", "sv": "egen bastu", "ja": "サウナ", "zh": "桑拿"},
    "balcony": {
        "en": "balconies", "fr": "avec balcon", "de": "großer Balkon", "es": "balcón", "it": "con balcone",
        "pt": "varanda", "nl": "een balkon", "sv": "balkong", "ja": "バルコニー", "zh": "阳台",
    },
    "garden": {
        "en": "garden", "fr": "un jardin", "de": "eigener Garten", "es": "jardín", "it": "giardino", "pt": "jardim",
        "nl": "met tuin", "sv": "trädgård", "ja": "庭", "zh": "花园",
    },
    "free_parking": {
        "en": "free car park", "fr": "stationnement gratuit", "de": "kostenloser Parkplatz",
        "es": "aparcamiento gratuito", "it": "parcheggio gratuito", "pt": "estacionamento gratuito",
        "nl": "gratis parkeren", "sv": "gratis parkering", "ja": "無料駐車場", "zh": "免费停车",
    },
    "gym": {
        "en": "fitness room", "fr": "salle de sport", "de": "Fitnessraum", "es": "gimnasio", "it": "palestra",
        "pt": "academia", "nl": "sportschool", "sv": "gym", "ja": "ジム", "zh": "健身房",
    },
    "elevator": {
        "en": "lift", "fr": "ascenseur", "de": "Aufzug", "es": "ascensor", "it": "ascensore", "pt": "elevador",
        "nl": "lift", "sv": "hiss", "ja": "エレベーター", "zh": "电梯",
    },
    "hot_tub": {"en": "jacuzzi", "fr": "jacuzzi", "de": "Whirlpool", "es": "jacuzzi", "nl": "bubbelbad", "zh": "浴缸"},
    "washer": {
        "en": "washing machine", "fr": "machine à laver", "de": "Waschmaschine", "es": "lavadora", "it": "lavatrice",
        "pt": "máquina de lavar", "nl": "wasmachine", "sv": "tvättmaskin", "ja": "洗濯機", "zh": "洗衣机",
    },
    "pets_allowed": {
        "en": "dogs welcome", "fr": "chiens acceptés", "de": "Hunde erlaubt", "es": "se admiten mascotas",
        "it": "animali ammessi", "nl": "huisdieren toegestaan", "sv": "husdjur tillåtna",
        "ja": "ペット可", "zh": "宠物",
    },
    "air_conditioning": {
        "en": "aircon", "fr": "climatisation", "de": "Klimaanlage", "es": "aire acondicionado",
        "it": "aria condizionata", "pt": "ar condicionado", "sv": "luftkonditionering", "ja": "エアコン", "zh": "空调",
    },
    "breakfast": {
        "en": "breakfast", "fr": "petit déjeuner", "de": "Frühstück", "es": "desayuno", "it": "colazione",
        "nl": "ontbijt", "sv": "frukost", "ja": "朝食", "zh": "早餐",
    },
}  # fmt: skip
"""Amenities as guests ask for them. All of these are in `search/synonyms.txt`, three in four word for word: they tell
whether synonyms work, not how much of what guests type the file knows."""


class Kind(StrEnum):
    """What a query is like."""

    PHRASE = "words of a description"
    REVIEW = "words of a review"
    SLIP = "words with a slip"
    NEED = "an amenity, in ten languages"


@dataclass(frozen=True, slots=True)
class Judged:
    """A query.

    Attributes
    ----------
    relevant
        Listings that it should find.
    """

    kind: Kind
    text: str
    relevant: frozenset[int]


def judged(texts: Texts, *, each: int, seed: int) -> list[Judged]:
    """Make queries of every kind.

    Parameters
    ----------
    each
        Queries of a kind, at most.
    """
    rng = np.random.default_rng(seed)
    own = {row["listing_id"]: [f"{row['title']} {row['description']}"] for row in texts.listings}
    said = {listing_id: [row["comment"] for row in found] for listing_id, found in texts.reviews.items() if found}
    phrases = list(_phrases(own, Kind.PHRASE, each, rng))
    slips = [_slipped(query, rng) for query in _phrases(own, Kind.SLIP, 2 * each, rng)]
    return [
        *phrases,
        *_phrases(said, Kind.REVIEW, each, rng),
        *[query for query in slips if query is not None][:each],
        *_needs(texts),
    ]


def _needs(texts: Texts) -> Iterator[Judged]:
    for amenity, said in NEEDS.items():
        having = frozenset(row["listing_id"] for row in texts.listings if amenity in row["amenities"])
        if having:
            yield from (Judged(Kind.NEED, text, having) for text in said.values())


def _phrases(texts: Mapping[int, list[str]], kind: Kind, count: int, rng: np.random.Generator) -> Iterator[Judged]:
    """Draw runs of words from texts, a rare one among them, each from another listing."""
    holding = defaultdict[str, set[int]](set)
    for listing_id, own in texts.items():
        for word in {folded(word) for text in own for word in _WORD.findall(text)}:
            holding[word].add(listing_id)
    rare = max(RARE, int(RARE_SHARE * len(texts)))
    drawn = 0
    for listing_id in rng.permutation(sorted(texts)).tolist():
        if drawn == count:
            return
        words = _WORD.findall(texts[listing_id][int(rng.integers(len(texts[listing_id])))])
        starts = [at for at in range(len(words) - WORDS + 1) if _is_telling(words[at : at + WORDS], holding, rare)]
        if starts:
            start = int(rng.choice(starts))
            drawn += 1
            chosen = words[start : start + WORDS]
            found = frozenset.intersection(*(frozenset(holding[folded(word)]) for word in chosen))
            yield Judged(kind, " ".join(chosen), found)


def _is_telling(words: list[str], holding: Mapping[str, set[int]], rare: int) -> bool:
    rarest = min(words, key=lambda word: len(holding[folded(word)]))
    return len(holding[folded(rarest)]) <= rare and len(rarest) >= _LONG


def _slipped(query: Judged, rng: np.random.Generator) -> Judged | None:
    """Leave out, double, swap or change a letter of the longest word, not its first."""
    words = query.text.split()
    longest = max(range(len(words)), key=lambda n: len(words[n]))
    word = words[longest]
    if len(word) < _LONG:
        return None
    at = int(rng.integers(1, len(word) - 1))
    ways = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + chr(ord("a") + int(rng.integers(26))) + word[at + 1 :],
    )
    words[longest] = ways[int(rng.integers(len(ways)))]
    return Judged(Kind.SLIP, " ".join(words), query.relevant)
