"""Identifiers."""

from __future__ import annotations

from lodestay.ids import new_id, pseudonym


def test_ids_are_unique_and_in_order_of_making() -> None:
    """Version 7: a later id sorts later, so that rows are appended to indexes."""
    made = [new_id() for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert sorted(made) == made
    assert {i.version for i in made} == {7}


def test_pseudonym_depends_on_key_and_person_alone() -> None:
    """The same person under the same key, another under another; parts do not run into each other."""
    assert pseudonym("key", "host", "12") == pseudonym("key", "host", "12")
    others = {
        pseudonym("key", "host", "12"),
        pseudonym("other", "host", "12"),
        pseudonym("key", "host", "13"),
        pseudonym("key", "host1", "2"),
    }
    assert len(others) == 4
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in others)
