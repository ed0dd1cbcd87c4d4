"""Categories, accessibility and what is allowed: only what a listing's type and amenities are evidence of."""

from __future__ import annotations

import pytest

from lodestay.vocabulary.amenities import ACCESSIBILITY, ALLOWS, AMENITIES, amenity_codes
from lodestay.vocabulary.categories import CATEGORIES, categories
from lodestay.vocabulary.property_types import PropertyType


def test_categories_speak_of_what_there_is() -> None:
    """Evidence is a property type or an amenity of the vocabularies, which share no name; codes are unique."""
    types = {kind.value for kind in PropertyType}
    assert not types & AMENITIES.keys()
    assert all(each.evidence and each.evidence <= types | AMENITIES.keys() for each in CATEGORIES)
    assert len({each.code for each in CATEGORIES}) == len(CATEGORIES)
    assert ALLOWS.keys() <= AMENITIES.keys()


@pytest.mark.parametrize(
    ("kind", "amenities", "expected"),
    [
        ("apartment", [], []),
        ("apartment", ["wifi", "beach_essentials"], []),
        ("apartment", ["sea_view", "beach_access"], ["beach", "views"]),
        ("tiny_house", ["pool"], ["pools", "tiny_homes"]),
        ("farm_stay", [], ["countryside", "farms"]),
        ("cabin", ["sauna"], ["hot_tubs", "countryside", "cabins"]),
    ],
)
def test_a_listing_is_in_every_category_it_shows(kind: str, amenities: list[str], expected: list[str]) -> None:
    """Any evidence will do, none is no category, and the order is the table's."""
    assert categories(kind, amenities) == expected


@pytest.mark.parametrize(
    ("mention", "codes"),
    [
        ("Step-free access to the home entrance", ("step_free",)),
        ("No stairs or steps to enter", ("step_free",)),
        ("Well-lit path to entrance", ("lit_path",)),
        ("Step-free shower", ("step_free_shower",)),
        ("Shower chair", ("shower_chair",)),
        ("Bathtub with bath chair", ("shower_chair",)),
        ("Fixed grab bars for toilet", ("grab_bars",)),
        ("Wide entrance for guests", ("wide_doorways",)),
        ("Extra space around bed", ("clear_space",)),
        ("Pool with pool hoist", ("hoist",)),
        ("Accessible-height toilet", ("adapted_bed",)),
        ("Wheelchair accessible", ("wheelchair",)),
    ],
)
def test_accessibility_is_what_is_said(mention: str, codes: tuple[str, ...]) -> None:
    """A lit path is not a step-free one, a chair in the shower not a step-free shower: nobody is sent to a stair."""
    assert amenity_codes(mention) == codes
    assert set(codes) <= ACCESSIBILITY
