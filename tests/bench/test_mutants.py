"""The catalogue of mutants fits the code, and the hunt tells the caught from the survivors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.mutants.catalogue import MUTANTS
from bench.mutants.mutant import DoesNotApply, Mutant
from bench.mutants.run import Fate, hunt
from lodestay.settings import PROJECT_ROOT

SPLIT = next(mutant for mutant in MUTANTS if mutant.file == "lodestay/money.py")


def test_there_are_enough_and_no_two_are_the_same() -> None:
    """At least 25, each with a name of its own."""
    assert len(MUTANTS) >= 25
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_applies_to_the_code_as_it_is(mutant: Mutant) -> None:
    """Its text is in its file exactly once, and the tests that must notice are there."""
    source = mutant.path(PROJECT_ROOT).read_text(encoding="utf-8")
    assert mutant.applied_to(source) != source
    for test in mutant.tests:
        file, _, name = test.partition("::")
        path = PROJECT_ROOT / file
        assert path.exists()
        assert not name or f"def {name}(" in path.read_text(encoding="utf-8")


def test_a_guard_that_is_gone_is_said() -> None:
    """A mutant of code that has moved on is an error, not a survivor."""
    with pytest.raises(DoesNotApply, match="not once"):
        SPLIT.applied_to("nothing of it")


def test_caught_and_survived() -> None:
    """One that breaks the sum of shares is caught by its tests; one that changes nothing that they see survives."""
    harmless = replace(SPLIT, name="harmless", new=f"{SPLIT.old}  # the same")
    verdicts = hunt([SPLIT, harmless], root=PROJECT_ROOT, tell=lambda _: None)
    assert [verdict.fate for verdict in verdicts] == [Fate.CAUGHT, Fate.SURVIVED]
    assert SPLIT.path(PROJECT_ROOT).read_text(encoding="utf-8").count(SPLIT.old) == 1
