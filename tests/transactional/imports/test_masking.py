"""What names a person is taken out of free texts, and what does not stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.masking import mask_contacts
from transactional.imports.inside_airbnb.masking import GUEST, HOST, Names, plain

NO_NAMES = Names([], ordinary=[])


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("write to joe.b@mail.example.com now", "write to [e-mail] now"),
        ("joe (at) gmail.com", "[e-mail]"),
        ("see https://x.example/a?b=1 or www.foo.com/bar", "see [link] or [link]"),
        ("find us on loftsantwerp.be/rooms", "find us on [link]"),
        ("call +65 9123 4567", "call [phone]"),
        ("whatsapp 0475123456 or (03) 485 11 22 33", "whatsapp [phone] or [phone]"),
        ("tel 0475/12.34.56", "tel [phone]"),
    ],
)
def test_contacts_are_masked(raw: str, masked: str) -> None:
    """Addresses and numbers in the ways that people write them."""
    assert mask_contacts(raw) == masked


@pytest.mark.parametrize(
    "harmless",
    [
        "Built in 1890, renovated 2019/2020.",
        "Open from 15.00 - 22.00 and 2024-06-29 to 2024-07-02.",
        "From 01/02/2020 to 02/03/2020.",
        "$1,309.00 a month, 120 m2, 2 x 2 m beds",
        "Near Amsterdam.Central and the river. Great!",
        "Postcode 068898, floor 12",
    ],
)
def test_ordinary_numbers_stay(harmless: str) -> None:
    """Years, dates, hours, prices, sizes and postcodes are nobody's number."""
    assert mask_contacts(harmless) == harmless


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    """What a mask leaves, it leaves for good: importing a masked text again changes nothing."""
    once = mask_contacts(plain(text))
    assert mask_contacts(plain(once)) == once


def test_names_of_people_are_taken_out() -> None:
    """Whole words in any case, several next to each other, and in scripts without spaces."""
    assert (
        NO_NAMES.hide("Thank you Belinda! BELINDA's place", "Belinda", HOST, prose=True)
        == "Thank you [host]! [host]'s place"
    )
    assert NO_NAMES.hide("An & Jo are nice, so is Jo", "An & Jo", HOST, prose=True) == "[host] are nice, so is [host]"
    assert NO_NAMES.hide("谢谢小明的家", "小明", HOST, prose=True) == "谢谢[host]的家"
    assert NO_NAMES.hide("Jolly place", "Jo", GUEST, prose=True) == "Jolly place"
    assert NO_NAMES.hide("Nothing to hide", "", HOST, prose=True) == "Nothing to hide"


@pytest.mark.parametrize(
    ("text", "prose", "hidden"),
    [
        ("A sunny home in Singapore by Belinda", True, "A sunny home in Singapore by [host]"),
        ("Sunny rooms, thanks to Sunny", True, "Sunny rooms, thanks to [host]"),
        ("Cosy Sunny Room of Belinda", False, "Cosy Sunny Room of [host]"),
    ],
)
def test_everyday_words_are_names_where_their_capital_says_so(text: str, prose: bool, hidden: str) -> None:  # noqa: FBT001
    """A host called Sunny Home does not take the sun out of every description."""
    people = ["a sunny home", "sunny and home", "home is sunny", "belinda belinda belinda"]
    names = Names(people, ordinary=["singapore"])
    assert names.hide(text, "Sunny Home Singapore Belinda", HOST, prose=prose) == hidden


def test_markup_becomes_lines() -> None:
    """Tags and blank lines are gone, the text is not."""
    assert plain("<b>The space</b><br />Two rooms\r<br/>\r<br/> upstairs ") == "The space\nTwo rooms\nupstairs"
