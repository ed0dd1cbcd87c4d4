"""Every error of ours stands in a family, with a slug of its own."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from lodestay import errors
from lodestay.errors import LodestayError
from lodestay.settings import PROJECT_ROOT

PACKAGES = ("lodestay", "transactional", "search", "ml", "simulation", "warehouse", "serving")
FAMILIES = {
    family for family in vars(errors).values() if isinstance(family, type) and LodestayError in family.__bases__
}


def modules_of(package: str) -> Iterator[str]:
    """Names of the modules where errors may be: those called `errors`, and all that say `LodestayError` themselves."""
    for module in pkgutil.walk_packages([str(PROJECT_ROOT / package)], prefix=f"{package}."):
        if module.ispkg:
            continue
        source = PROJECT_ROOT.joinpath(*module.name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        if "lodestay.errors" in source and "class " in source:
            yield module.name


def descendants(of: type[LodestayError]) -> Iterator[type[LodestayError]]:
    """Every class below one."""
    for child in of.__subclasses__():
        yield child
        yield from descendants(child)


@pytest.fixture(scope="module")
def concrete() -> set[type[LodestayError]]:
    """Every error that the packages define."""
    for package in PACKAGES:
        for name in modules_of(package):
            importlib.import_module(name)
    return {error for error in descendants(LodestayError) if error.__module__.split(".")[0] in PACKAGES} - FAMILIES


def test_each_stands_in_a_family(concrete: set[type[LodestayError]]) -> None:
    """A status and an exit code are a family's to give; an error outside would be a 500 by accident."""
    assert len(concrete) > 20
    outside = sorted(
        f"{error.__module__}.{error.__name__}" for error in concrete if not issubclass(error, tuple(FAMILIES))
    )
    assert outside == []


def test_slugs_tell_errors_apart(concrete: set[type[LodestayError]]) -> None:
    """The slug is the problem's type: two errors of one name would be one problem."""
    slugs = [error.slug() for error in concrete]
    assert sorted(slugs) == sorted(set(slugs))


def test_slug_is_the_name_in_small_letters() -> None:
    """Kebab case."""
    assert errors.InvalidInput.slug() == "invalid-input"


def test_error_carries_sentence_hint_and_facts() -> None:
    """For people and for programs."""
    error = errors.NotFound("There is no listing 7.", hint="Search.", listing_id=7)
    assert (str(error), error.hint, error.extensions) == ("There is no listing 7.", "Search.", {"listing_id": 7})
