"""Suggestions: places, what others asked for, and titles; in any script, from the first letter on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import beginnings
from search.beginnings import Beginnings, typed_words, words_of
from search.gazetteer import Gazetteer
from search.places import Place, PlaceKind, market_place
from search.popular import PopularSearch, PopularSearches
from search.request import Point
from search.suggest import NO_LISTINGS, Suggester, SuggestionKind, Suggestions
from search.titles import TitleColumns, Titles
from tests.search.marketplace import random_supply

GAZETTEER = Gazetteer(
    lambda: [market_place(market="s", name="Sunnydale", country="US", location=Point(34, -119), listings=5)]
)
NOBODY_ASKED = PopularSearches(())


@dataclass(frozen=True)
class Named:
    """A listing with a title."""

    listing_id: int
    title: str
    market: str = "oslo"
    rating: Decimal | None = None
    review_count: int = 0


def titles(*named: Named) -> Titles:
    """The table of some titles."""
    return Titles(TitleColumns(named))


@pytest.fixture(scope="module")
def suggester() -> Suggester:
    """Over the titles of the random marketplace and one place."""
    rows = [row for row in random_supply(np.random.default_rng(20260615), listings=400).listings if row["is_active"]]
    named = [Named(row["listing_id"], row["title"], row["market"], row["rating"], row["review_count"]) for row in rows]
    return Suggester(GAZETTEER, titles(*named), NOBODY_ASKED)


def suggest(suggester: Suggester, typed: str, *, market: str | None = None, limit: int = 10) -> Suggestions:
    """What is suggested, near nowhere."""
    return suggester.suggest(typed, near=None, market=market, limit=limit)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("s", "s"),
        ("sunn", "sunny"),
        ("vel", "vélo"),
        ("Suana", "sauna"),
        ("asuna", "sauna"),
        ("sauma", "sauna"),
        ("saauna", "sauna"),
        ("charmign", "charming"),
        ("公", "公寓"),
    ],
)
def test_titles_by_the_beginning_of_a_word(suggester: Suggester, typed: str, word: str) -> None:
    """A word of the title begins as typed; accents are forgiven, and a slip from four letters on."""
    found = [s.text.casefold() for s in suggest(suggester, typed).items if s.kind is SuggestionKind.LISTING]
    assert found
    assert all(any(w.startswith(word) for w in title.split()) for title in found)


def test_every_typed_word_counts(suggester: Suggester) -> None:
    """Two beginnings must both be there, in any order."""
    found = suggest(suggester, "lof sun").items
    assert found
    assert all("loft" in s.text.casefold() and "sunny" in s.text.casefold() for s in found)


def test_places_stand_before_listings(suggester: Suggester) -> None:
    """A place comes first, and leaves room for listings; of them, those of the guest's market stand before others."""
    found = suggest(suggester, "sunny", market="singapore", limit=6)
    assert (found.items[0].kind, found.items[0].text) == (SuggestionKind.MARKET, "Sunnydale")
    markets = [s.market for s in found.items if s.kind is SuggestionKind.LISTING]
    assert len(markets) == 5
    assert markets == sorted(markets, key=lambda market: market != "singapore")


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Café Ørestad", "cafe ore"),
        ("Łódź Loft", "lodz"),
        ("Straße am See", "strasse"),
        ("Ísafjörður", "isafjordur"),
        ("Уютная квартира", "кварт"),
        ("Ёлочка", "елоч"),
        ("Σπίτι στη θάλασσα", "σπιτι θαλ"),
        ("بيت جميل في المدينة", "المدي"),
        ("خانه‌ی زیبا", "زيبا"),
        ("דירה מקסימה", "מקס"),
        ("市中心公寓", "公寓"),
        ("東京のアパート", "アパ"),
        ("บ้านริมทะเล", "ทะเล"),
        ("서울 한옥", "한"),
        ("सुंदर कमरा", "कमरा"),
        ("★Loft★ #1!", "loft 1"),
        ("L'Atelier", "atel"),
        ("WiFi公寓", "公寓 wi"),
    ],
)
def test_all_scripts(title: str, typed: str) -> None:
    """With and without diacritics, signs around it, or no spaces at all, a title is found; another is not."""
    table = titles(Named(1, title), Named(2, "Something else"))
    assert [one.listing_id for one in table.find(typed, market=None, limit=5)[0]] == [1]


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "zzzzzz", "x" * 10_000, "🏖", "\x00\x07", "'\"%_\\", "\u202e\u200f", "公" * 10_000],
    ids=range(9),
)
def test_nothing_to_suggest(suggester: Suggester, typed: str) -> None:
    """Nonsense of any length, control characters, emoji and marks of direction give an empty list."""
    assert suggest(suggester, typed) == Suggestions((), ())


def test_control_characters_separate_words(suggester: Suggester) -> None:
    """What comes between words by accident is between words."""
    assert suggest(suggester, "lof\x00sun") == suggest(suggester, "lof sun")


def test_without_titles_places_remain() -> None:
    """Titles not loaded yet: places are suggested, and the answer says what is missing and no more."""
    found = suggest(Suggester(GAZETTEER, None, NOBODY_ASKED), "sun")
    assert [s.text for s in found.items] == ["Sunnydale"]
    assert found.degraded == (NO_LISTINGS,)


def test_what_others_asked_for(suggester: Suggester) -> None:
    """The guest's market first, then the most popular; a wish once, however it was accented; after places."""
    asked = [
        PopularSearch("oslo", "sunny velo", 90),
        PopularSearch("paris", "sunny vélo", 20),
        PopularSearch("paris", "sunny terrace", 10),
        PopularSearch("rome", "sunny garden", 50),
    ]
    found = suggest(replace(suggester, searches=PopularSearches(asked)), "sun", market="paris", limit=12).items
    kinds = [one.kind for one in found]
    assert kinds == [SuggestionKind.MARKET, *[SuggestionKind.SEARCH] * 3, *[SuggestionKind.LISTING] * 8]
    assert [one.text for one in found[1:4]] == ["sunny vélo", "sunny terrace", "sunny garden"]


def test_a_place_says_which_of_its_names_was_typed() -> None:
    """The name in another language comes with the item; and the market's own come before another's."""
    names = ("Vienna", "Wien")
    places = [Place(PlaceKind.CITY, names, "AT", Point(48.2, 16.4), None, 9, 2_000_000, 0)]
    places += [
        market_place(market=key, name=f"Wienhaus {key}", country="DE", location=Point(at, 10), listings=at)
        for key, at in (("north", 60), ("south", 40))
    ]
    suggester = Suggester(Gazetteer(lambda: places), None, NOBODY_ASKED)
    assert [(s.text, s.matched) for s in suggest(suggester, "wie", market="south").items] == [
        ("Wienhaus south", None),
        ("Wienhaus north", None),
        ("Vienna", "Wien"),
    ]


def test_listings_called_the_same_are_suggested_once() -> None:
    """The one where the guest looks, else the best known; a change of its name lets the other be seen."""
    table = titles(
        Named(1, "Sunny loft", "oslo", Decimal(5), 90),
        Named(2, "sunny LOFT", "bergen"),
        Named(3, "Sunny lodge", "bergen"),
    )
    assert [one.listing_id for one in table.find("sunny", market=None, limit=8)[0]] == [1, 3]
    assert [one.listing_id for one in table.find("sunny", market="bergen", limit=8)[0]] == [2, 3]
    table.update([1], [Named(1, "Grand loft", "oslo")])
    assert {one.listing_id for one in table.find("sunny", market=None, limit=8)[0]} == {2, 3}


def test_titles_that_go_on_from_what_is_typed_stand_first() -> None:
    """Words in their order and side by side are meant before the same words elsewhere, however well known."""
    table = titles(
        Named(1, "Prime room, private garden", rating=Decimal(5), review_count=90),
        Named(2, "Quiet private room", rating=Decimal(4), review_count=2),
        Named(3, "Private: room by the sea"),
    )
    assert [one.listing_id for one in table.find("private roo", market=None, limit=8)[0]] == [3, 2, 1]


def test_searches_and_listings_share_what_places_leave() -> None:
    """Neither takes the other's room, however many there are; what one does not fill is the other's."""
    many = titles(*(Named(n, f"Sunny loft {n}") for n in range(20)))
    asked = [f"sunny place {n}" for n in range(20)]

    def kinds(count: int) -> Counter[SuggestionKind]:
        searches = PopularSearches([PopularSearch("oslo", one, 5) for one in asked[:count]])
        items = suggest(Suggester(Gazetteer(tuple), many, searches), "sunny", limit=8).items
        return Counter(item.kind for item in items)

    assert kinds(20) == {SuggestionKind.SEARCH: 4, SuggestionKind.LISTING: 4}
    assert kinds(1) == {SuggestionKind.SEARCH: 1, SuggestionKind.LISTING: 7}


def test_a_slip_stands_behind_what_begins_as_typed() -> None:
    """One slip from the place, the text begins a title: the title comes first."""
    table = titles(Named(1, "Sannydale House"))
    found = suggest(Suggester(GAZETTEER, table, NOBODY_ASKED), "Sannydal").items
    assert [one.kind for one in found] == [SuggestionKind.LISTING, SuggestionKind.MARKET]


@pytest.mark.parametrize(
    "typed", ["Cos ystudio", "Cosys tudio", "Cosystudio", "C osy studio", "csoy studio", "Cosy tsudi"]
)
def test_a_slip_may_be_of_a_space(typed: str) -> None:
    """A space that is missing, too many or a letter off is a slip like another; the other words stay as typed."""
    table = titles(Named(1, "Cosy Studio, historic centre"), Named(2, "Studio cottage"), Named(3, "Cosy house"))
    assert [one.listing_id for one in table.find(typed, market=None, limit=5)[0]] == [1]


@pytest.mark.parametrize(("typed", "meant"), [("teh golden", 1), ("Nwe golden", 3)])
def test_a_short_word_beside_others_may_have_a_slip(typed: str, meant: int) -> None:
    """It is meant whole: "teh" is no beginning of "tent", though one letter fewer would be."""
    named = Named(1, "The Golden Gate"), Named(2, "Golden tent"), Named(3, "New golden age"), Named(4, "Golden nest")
    assert [one.listing_id for one in titles(*named).find(typed, market=None, limit=5)[0]] == [meant]


def test_one_slip_is_meant_before_two() -> None:
    """Of two words one is wrong: what has the other as typed is found alone, and else both may be wrong."""
    loft, lift = Named(1, "Sunny loft"), Named(2, "Sunny lift", review_count=90)
    assert [one.listing_id for one in titles(loft, lift).find("snuny loft", market=None, limit=5)[0]] == [1]
    assert [one.listing_id for one in titles(loft).find("snuny lotf", market=None, limit=5)[0]] == [1]
    changed = titles(lift)
    changed.update([1], [loft])
    assert [one.listing_id for one in changed.find("snuny loft", market=None, limit=5)[0]] == [1], "in the other table"


def test_long_words_and_words_that_stand_twice() -> None:
    """What is joined is compared as far as words are; a word that is typed twice is one of the words."""
    table = titles(Named(1, "Donaudampfschifffahrtsgesellschaft"), Named(2, "Bed and bedroom suite"))
    for typed, meant in (("donaudampfschiff fahrtsgesel", 1), ("bed and bed room", 2), ("bed and bed", 2)):
        assert [one.listing_id for one in table.find(typed, market=None, limit=5)[0]] == [meant]


def test_titles_that_begin_with_the_slip_stand_first() -> None:
    """What is typed with a slip is the beginning of a title before it is in the middle of a more popular one."""
    table = titles(Named(1, "Our beautiful villa", review_count=900), Named(2, "Beautiful villa"))
    assert [one.listing_id for one in table.find("beuatiful v", market=None, limit=5)[0]] == [2, 1]


def test_a_listing_that_changed_is_found_by_what_it_is_called_now() -> None:
    """A new title, a listing that takes no guests any more, and one that does again."""
    table = titles(Named(1, "Red house"), Named(2, "Red boat"), Named(3, "Red barn"))
    table.update({1, 2}, [Named(1, "Blue house")])
    assert [one.listing_id for one in table.find("red", market=None, limit=5)[0]] == [3]
    assert [one.title for one in table.find("bl", market=None, limit=5)[0]] == ["Blue house"]
    table.update({2, 1}, [Named(2, "Red boat")])
    assert [one.listing_id for one in table.find("red", market=None, limit=5)[0]] == [2, 3]
    assert table.find("blue", market=None, limit=5)[0] == []
    assert not table.is_outdated


def _oracle(named: list[Named], typed: str, market: str | None) -> list[int]:
    """The same by looking at every title, without slips."""
    words = list(typed_words(typed))
    fitting = [n for n in named if words and all(any(w.startswith(t) for w in words_of(n.title)) for t in words)]
    return [n.listing_id for n in sorted(fitting, key=lambda n: (n.market != market, -n.review_count, n.listing_id))]


_WORD = st.sampled_from(["a", "ab", "abc", "b", "ba", "bab", "c", "é", "公寓", "市公"])
_WORDS = st.lists(_WORD, max_size=4).map(" ".join)
_TITLES = st.lists(st.tuples(_WORDS, st.sampled_from(["x", "y"]), st.integers(0, 3)), max_size=12)


@pytest.mark.parametrize("wide", [2, 4_096])
@given(_TITLES, _WORDS)
def test_the_same_as_looking_at_every_title(wide: int, rows: list[tuple[str, str, int]], typed: str) -> None:
    """Whatever is typed: the market's first, then by weight; beginnings of many titles no other than of few."""
    named = [Named(n, text, market, Decimal("4.6"), reviews) for n, (text, market, reviews) in enumerate(rows, 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beginnings, "_WIDE", wide)
        table = TitleColumns(named).table()
        for market in (None, "x", "nowhere"):
            for _ in range(2):  # the second time from memory
                rows_found, is_slipped = table.find(typed, market=market, limit=5)
                found = [] if is_slipped else [int(table.keys[row]) for row in rows_found]
                assert found == _oracle(named, typed, market)[:5]


def test_memory_is_bounded_by_letters_and_words() -> None:
    """A title of five words costs some hundred bytes: what a million would take can be told."""
    named = [Named(n, f"quiet loft {n % 97} near harbour") for n in range(2_000)]
    assert isinstance(table := TitleColumns(named).table(), Beginnings)
    assert table.size_bytes / len(table) < 130
