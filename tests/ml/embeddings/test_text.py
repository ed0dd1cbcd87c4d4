"""What of a listing is embedded."""

from __future__ import annotations

import pyarrow as pa

from ml.embeddings.text import DESCRIPTION_CHARACTERS, listing_text, listing_texts, text_hash

FACTS = {
    "title": "Loft ",
    "neighbourhood": "Kallang",
    "property_type": "serviced_apartment",
    "room_type": "entire_home",
    "description": "By the  river.\nQuiet.",
}


def test_the_text_says_title_kind_place_and_opening() -> None:
    """Words are in a fixed order, white space is folded, codes are read as words."""
    assert listing_text(**FACTS) == "Loft\nserviced apartment, entire home, Kallang\nBy the river. Quiet."


def test_what_is_not_known_leaves_no_trace() -> None:
    """No neighbourhood and no description: no empty lines and no word 'None'."""
    assert listing_text(**FACTS | {"neighbourhood": None, "description": ""}) == "Loft\nserviced apartment, entire home"


def test_only_the_opening_of_a_long_description_counts() -> None:
    """Beyond the limit a change does not make a new vector; before it, it does."""
    long = "word " * 1000
    text = listing_text(**FACTS | {"description": long})
    assert len(text.splitlines()[-1]) == DESCRIPTION_CHARACTERS
    assert text_hash(text) == text_hash(listing_text(**FACTS | {"description": long + "changed"}))
    assert text_hash(text) != text_hash(listing_text(**FACTS | {"description": "changed " + long}))


def test_a_table_gives_a_text_a_row() -> None:
    """Rows of staged listings give the texts of their listings, in order."""
    table = pa.Table.from_pylist([FACTS | {"listing_id": 1}, FACTS | {"listing_id": 2, "title": "Attic"}])
    assert [text.splitlines()[0] for text in listing_texts(table)] == ["Loft", "Attic"]
