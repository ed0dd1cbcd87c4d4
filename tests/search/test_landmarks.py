"""Landmarks out of what hosts write."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.geography import distance_km
from search.landmarks import LEAST_HOSTS, Mention, find_landmarks, is_broken_off, named_in, names_of
from search.request import Point

MIDDLE = Point(51.22, 4.40)
HOMES = [Point(51.22 + 0.002 * n, 4.40 + 0.002 * m) for n in range(-10, 11) for m in range(-10, 11)]


def around(middle: Point, *, hosts: int, spread: float = 0.003, name: str = "Grote Markt") -> list[Mention]:
    """Mentions of a name by hosts whose listings lie around a place, spread by so many degrees."""
    rng = np.random.default_rng(hosts)
    offsets = rng.normal(0, spread, (hosts, 2)).tolist()
    return [
        Mention(name, f"h{n}", Point(middle.latitude + north, middle.longitude + east))
        for n, (north, east) in enumerate(offsets)
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Just 5 min walk from the Grove Street PATH. Quiet.", {"Grove Street PATH"}),
        ("Nära Mariatorget, 10 minuter till Slussen", {"Mariatorget", "Slussen"}),
        ("op wandelafstand van het Centraal Museum", {"Centraal Museum"}),
        ("à 5 minutes de la Place du Marché", {"Place du Marché"}),
        ("Near the Cathedral of Our Lady and more", {"Cathedral of Our Lady"}),
        ("close to the station and shops", set()),
        ("near Metro Station", set()),
        ("I live near. Park here", set()),
    ],
)
def test_what_a_text_names(text: str, names: set[str]) -> None:
    """Names written as names, behind words that say near, in the languages of hosts; common words are none."""
    assert named_in(text) == names


def test_where_hosts_agree_there_it_is() -> None:
    """Enough hosts close together make a landmark in their middle, whatever two of them boast from afar."""
    far = [Mention("Grote Markt", f"far{n}", Point(51.5, 4.9)) for n in range(2)]
    (found,) = find_landmarks([*around(MIDDLE, hosts=12), *far], HOMES)
    assert (found.name, found.hosts) == ("Grote Markt", 14)
    assert distance_km(found.location, MIDDLE) < 0.4


@pytest.mark.parametrize(
    "mentions",
    [
        around(MIDDLE, hosts=LEAST_HOSTS - 1),
        around(MIDDLE, hosts=30, spread=0.03),
        [Mention("Grote Markt", "one", MIDDLE)] * 50,
        [],
    ],
    ids=["too few", "all over the city", "one host often", "nobody"],
)
def test_where_they_do_not_there_is_none(mentions: list[Mention]) -> None:
    """Neither a few, nor those who do not agree, nor one host with many listings make a landmark."""
    assert find_landmarks(mentions, HOMES) == []


def test_a_village_has_no_landmarks_by_being_small() -> None:
    """Where all listings lie as close together as those that name something, agreement says nothing."""
    mentions = around(MIDDLE, hosts=20)
    assert find_landmarks(mentions, [mention.location for mention in mentions]) == []


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    """No text breaks the reading, and every name stands in it."""
    assert all(name in text for name in named_in(text))


def test_the_names_of_a_landmark() -> None:
    """Common nouns have names in other languages, with the city's name before them too; proper names have their own."""
    assert {"Kathedrale", "大聖堂"} <= set(names_of("Cathedral", market="Antwerp"))
    station = names_of("Antwerp Central Station", market="Antwerp")
    assert station[0] == "Antwerp Central Station"
    assert {"Central Station", "Hauptbahnhof"} <= set(station)
    assert names_of("Meir", market="Antwerp") == ("Meir",)


@pytest.mark.parametrize(
    ("name", "whole", "broken_off"),
    [
        ("Le Marais", "Le Marais", True),
        ("Marais", "Le Marais", True),
        ("The Marais", "Le Marais", True),
        ("Dreta", "la Dreta de l'Eixample", True),
        ("L\u2019Eixample", "la Dreta de l'Eixample", True),
        ("dreta de l\u2019eixample", "la Dreta de l'Eixample", True),
        ("Dreta Eixample", "la Dreta de l'Eixample", False),
        ("Mara", "Le Marais", False),
        ("Place du Marais", "Le Marais", False),
        ("Antwerp Central Station", "Antwerp", False),
    ],
)
def test_a_part_of_a_neighbourhoods_name(name: str, whole: str, *, broken_off: bool) -> None:
    """Whole words in a row are, with any article or none; half a word, words with a gap and longer names are not."""
    assert is_broken_off(name, whole) is broken_off
