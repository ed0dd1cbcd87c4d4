"""What names a person is taken out of free texts, and what does not stays."""

from __future__ import annotations

import unicodedata

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
        ("mail jo.doe@localhost or jo.doe@example", "mail [e-mail] or [e-mail]"),
        ("jo@gmail", "[e-mail]"),
        ("ask @jo_doe, @jo.doe or @jodoe77", "ask [handle], [handle] or [handle]"),
        ("insta: @Jodoe", "insta: [handle]"),
        ("pay to DE89370400440532013000", "pay to [account]"),
        ("gb29 nwbk 6016 1331 9268 19, please", "[account], please"),
        ("BE68 5390 0754 7034 and NL91-ABNA-0417-1643-00", "[account] and [account]"),
    ],
)
def test_contacts_are_masked(raw: str, masked: str) -> None:
    """Addresses and numbers in the ways that people write them."""
    assert mask_contacts(raw) == masked


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("jo\uff20example\uff0ecom", "[e-mail]"),
        ("jo\ufe6bexample\u3002com", "[e-mail]"),
        ("jo@example\u2024com", "[e-mail]"),
        ("jo\u200b@exam\u00adple.com", "[e-mail]"),
        ("see example\u00b7com", "see [link]"),
        ("\uff24\uff25\uff18\uff19 3704 0044 0532 0130 00", "[account]"),
        ("0\ufe0f\u20e34\ufe0f\u20e37\ufe0f\u20e35\ufe0f\u20e312 34 56", "[phone]"),
        ("120 m\u00b2\uff01 see www.foo.com", "120 m\u00b2\uff01 see [link]"),
    ],
)
def test_contacts_are_masked_in_whatever_characters(raw: str, masked: str) -> None:
    """What looks like a contact is one; a text whose contact is written plainly keeps its other characters."""
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
        "Studio @Orchard, 2BR@Bugis, dinner@8pm, @120 a night",
        "1200 \u00b7 1500 \u20ac, 2019 \u2022 2020, 120 m\u00b2, 2\u00bd rooms",
        "col\u00b7lega, \u623f\u5b50\u5f88\u597d\u3002me too\u2026",
        "DE88370400440532013000 has wrong check digits, XX89370400440532013000 no country",
    ],
)
def test_ordinary_numbers_stay(harmless: str) -> None:
    """Years, dates, hours, prices, sizes and postcodes are nobody's number."""
    assert mask_contacts(harmless) == harmless


@given(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["jo.doe@example.com", "jo.doe@example", "DE89370400440532013000", "www.example.com"]),
    st.text("ab ,!?", max_size=20),
    st.data(),
)
def test_a_contact_is_masked_however_it_is_spelled(before: str, contact: str, after: str, data: st.DataObject) -> None:
    """Any of its characters may be full-width, and anything may stand before it."""
    wide = data.draw(st.sets(st.integers(0, len(contact) - 1)))
    spelled = "".join(chr(ord(c) + 0xFEE0) if at in wide else c for at, c in enumerate(contact))
    assert contact not in unicodedata.normalize("NFKC", mask_contacts(f"{before} {spelled} {after}"))


@given(st.text("abc \u00e9\u00b2\u2026\uff01\u00b7\u3002\u20ac\u00bd", max_size=60), st.integers(0, 9_999_999))
def test_a_text_without_contacts_is_left_as_it_is(words: str, number: int) -> None:
    """Prices and words come back to the letter, in whatever characters they are written."""
    text = f"{words} {number} {words}"
    assert mask_contacts(text) == text


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    """What a mask leaves, it leaves for good: importing a masked text again changes nothing."""
    once = mask_contacts(plain(text))
    assert mask_contacts(plain(once)) == once


@given(st.text("ab1.@_+\uff20\uff0e\u3002\u00b7\u200b ", max_size=40))
def test_masking_what_is_nearly_a_contact_twice_is_masking_it_once(text: str) -> None:
    """The same of texts that are full of what contacts are made of."""
    once = mask_contacts(text)
    assert mask_contacts(once) == once


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
