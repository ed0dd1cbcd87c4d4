"""Which account services run under, and where it can have its files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lodestay.local import account as module
from lodestay.local.account import Account, ground, may_enter, open_to_others, readable_copy
from lodestay.local.errors import AccountUnusable

STRANGER = Account("stranger", uid=54_321, gid=54_321)


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that a stranger may enter, whatever folder pytest lies in."""
    folder = Path("/var/tmp") / f"lodestay-test-{os.getpid()}-{tmp_path.name}"  # noqa: S108
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_closed_folder_anywhere_above_keeps_a_stranger_out(open_folder: Path) -> None:
    """One folder without the right to traverse it is enough, and nothing else is."""
    inner = open_folder / "a" / "b"
    inner.mkdir(parents=True)
    for folder in (open_folder / "a", inner):
        folder.chmod(0o755)
    assert may_enter(inner, STRANGER)
    (open_folder / "a").chmod(0o700)
    assert not may_enter(inner, STRANGER)


def test_a_home_that_the_account_may_enter_is_its_ground(open_folder: Path) -> None:
    """Files stay in the checkout wherever that is possible, even under a strict umask."""
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    assert ground(home, STRANGER) == home


def test_a_closed_checkout_sends_the_files_outside(open_folder: Path) -> None:
    """Under a folder like root's home the ground is a folder of this home alone, elsewhere."""
    closed = open_folder / "root"
    closed.mkdir(mode=0o700)
    one, two = ground(closed / "one", STRANGER), ground(closed / "two", STRANGER)
    try:
        assert may_enter(one, STRANGER)
        assert one != two
        assert ground(closed / "one", STRANGER) == one
    finally:
        one.rmdir()
        two.rmdir()


def test_a_link_that_somebody_laid_there_is_refused(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody may write to /var/tmp: a planted link must not decide where the database goes."""
    monkeypatch.setattr(module, "_OUTSIDE_ROOTS_HOME", open_folder)
    closed = open_folder / "root"
    closed.mkdir(mode=0o700)
    folder = ground(closed / "home", STRANGER)
    folder.rmdir()
    folder.symlink_to(closed)
    with pytest.raises(AccountUnusable, match="somebody else"):
        ground(closed / "home", STRANGER)


def test_programs_are_copied_only_for_those_who_cannot_read_them(open_folder: Path) -> None:
    """A copy is made once, whole, and can be read and run; a readable original is used as it is."""
    source = open_folder / "programs"
    (source / "bin").mkdir(parents=True)
    program = source / "bin" / "run"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o700)
    source.chmod(0o700)
    copy = readable_copy(source, STRANGER, under=open_folder / "copies", name="programs-1")
    assert copy != source
    assert (copy / "bin" / "run").stat().st_mode & 0o005 == 0o005
    assert readable_copy(source, STRANGER, under=open_folder / "copies", name="programs-1") == copy
    open_to_others(source)
    assert readable_copy(source, STRANGER, under=open_folder / "copies", name="programs-1") == source
