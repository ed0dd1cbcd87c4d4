"""A step is done once for the same inputs, and again when anything before it changed."""

from __future__ import annotations

from pathlib import Path

from lodestay.cli.journal import Journal, Step, chain, state_of

FIRST, SECOND = Step("one", ("make",), "a"), Step("two", ("use",), "")


def test_a_step_done_is_done_for_its_inputs_only(tmp_path: Path) -> None:
    """Other inputs of the same command are another step."""
    journal = Journal(tmp_path / "run" / "journal.json")
    journal.add(FIRST)
    assert journal.has(FIRST)
    assert not journal.has(Step("one", ("make",), "b"))


def test_a_change_redoes_everything_after_it() -> None:
    """The second step's inputs differ where the first one's do."""
    before = chain(FIRST, SECOND)
    after = chain(Step("one", ("make",), "b"), SECOND)
    assert before[1].inputs != after[1].inputs


def test_a_damaged_journal_means_that_nothing_is_done(tmp_path: Path) -> None:
    """Half a file does not stop the demo."""
    path = tmp_path / "journal.json"
    path.write_text('{"make": ', encoding="utf-8")
    assert not Journal(path).has(FIRST)


def test_a_new_file_in_the_folder_is_another_input(tmp_path: Path) -> None:
    """A later snapshot beside the first is imported."""
    empty = state_of(tmp_path)
    (tmp_path / "listings.csv").write_text("id\n", encoding="utf-8")
    assert state_of(tmp_path) != empty
    assert state_of(tmp_path / "missing") == ""
