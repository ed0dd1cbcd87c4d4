"""Finding a JDK."""

from __future__ import annotations

from pathlib import Path

import pytest

from lodestay.local import java as module
from lodestay.local.errors import PrerequisiteMissing
from lodestay.local.java import Java, find_java, inspect


def _install(folder: Path, version: str, *, release: bool = True) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="utf-8")
    program.chmod(0o755)
    if release:
        (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n', encoding="utf-8")
    return folder


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which this machine keeps its Javas."""
    monkeypatch.setattr(module, "_USUAL_PLACES", (f"{tmp_path}/jvm/*",))
    return tmp_path / "jvm"


@pytest.mark.parametrize(
    ("version", "major"), [("25.0.1", 25), ("21", 21), ("17.0.15", 17), ("1.8.0_402", 8), ("25-ea", 25)]
)
@pytest.mark.parametrize("release", [True, False])
def test_every_way_of_writing_a_version_is_read(tmp_path: Path, version: str, major: int, release: bool) -> None:  # noqa: FBT001
    """The version comes from the release file, or from the program where there is none."""
    assert inspect(_install(tmp_path / "java", version, release=release)) == Java(major, tmp_path / "java")


def test_an_old_java_on_the_path_is_passed_over_for_the_newest_there_is(usual: Path) -> None:
    """Debian's default 17 does not hide a newer one beside it."""
    old = _install(usual / "java-17", "17.0.15")
    _install(usual / "java-21", "21.0.2")
    newest = _install(usual / "temurin-25", "25.0.1")
    assert find_java({"PATH": str(old / "bin")}, usable=lambda _home: True) == Java(25, newest)


def test_the_one_that_was_chosen_is_taken_when_it_is_new_enough(usual: Path, tmp_path: Path) -> None:
    """JAVA_HOME wins over a newer one elsewhere."""
    _install(usual / "temurin-25", "25.0.1")
    chosen = _install(tmp_path / "mine", "21.0.2")
    assert find_java({"JAVA_HOME": str(chosen), "PATH": ""}, usable=lambda _home: True).home == chosen


def test_one_that_the_account_cannot_enter_is_passed_over(usual: Path) -> None:
    """A JDK in root's home is of no use to an unprivileged node."""
    closed = _install(usual / "closed", "25.0.1")
    open_ = _install(usual / "open", "21.0.2")
    assert find_java({"PATH": ""}, usable=lambda home: home != closed).home == open_


def test_too_old_ones_are_named_with_the_way_to_a_newer(usual: Path) -> None:
    """The failure says what was found and how to get what is needed."""
    _install(usual / "java-17", "17.0.15")
    with pytest.raises(PrerequisiteMissing, match=r"21 or newer is needed; found Java 17 in .*java-17") as caught:
        find_java({"PATH": ""}, usable=lambda _home: True)
    assert caught.value.hint is not None
    assert "apt-get install" in caught.value.hint


def test_a_wrong_explicit_choice_is_not_silently_replaced(usual: Path, tmp_path: Path) -> None:
    """LODESTAY_JAVA_HOME is taken at its word."""
    _install(usual / "temurin-25", "25.0.1")
    with pytest.raises(PrerequisiteMissing, match="no Java there"):
        find_java({"LODESTAY_JAVA_HOME": str(tmp_path / "nowhere"), "PATH": ""}, usable=lambda _home: True)
