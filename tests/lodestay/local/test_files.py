"""Folders that go, also while somebody is still leaving them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lodestay.local.errors import FolderInUse
from lodestay.local.files import remove_folder


def test_a_folder_goes_though_its_last_writer_is_still_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that appears while the folder is being removed only delays it."""
    home = tmp_path / "home"
    home.mkdir()
    remove, late = shutil.rmtree, ["log"]

    def meet_a_writer(folder: Path) -> None:
        if late:
            (folder / late.pop()).touch()
            folder.rmdir()  # as rmtree ends: not empty any more
        remove(folder)

    monkeypatch.setattr(shutil, "rmtree", meet_a_writer)
    remove_folder(home)
    assert not late
    assert not home.exists()


def test_a_folder_that_cannot_go_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some patience the reason is told, with what to do."""

    def refuse(folder: Path) -> None:
        raise OSError(39, "Directory not empty", str(folder))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(FolderInUse, match="Directory not empty") as caught:
        remove_folder(tmp_path, patience=0.2)
    assert "Stop it" in (caught.value.hint or "")
