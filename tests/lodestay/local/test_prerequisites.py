"""What a machine lacks is named, with the way to get it."""

from __future__ import annotations

import ast
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from lodestay.local import java, prerequisites
from lodestay.settings import PROJECT_ROOT


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Java and Maven."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("LODESTAY_JAVA_HOME", raising=False)
    monkeypatch.setattr(java, "_USUAL_PLACES", (f"{tmp_path}/jvm/*",))


@pytest.mark.usefixtures("bare")
def test_each_missing_program_is_named_with_how_to_get_it() -> None:
    """One look tells everything that is missing, not the first thing."""
    said: list[str] = []
    assert prerequisites.main(said.append) == 1
    lines = [line for line in said if line.startswith("Missing")]
    assert [line.split()[1] for line in lines] == ["JDK", "Maven"]
    assert java.HOW_TO_GET in lines[0]
    assert prerequisites.MAVEN_HOW_TO_GET in lines[1]


def test_an_old_python_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The JDK's finder, which is written for a newer Python, is not even loaded."""
    version = namedtuple("version", "major minor micro")  # noqa: PYI024 - as sys.version_info is one
    monkeypatch.setattr(sys, "version_info", version(3, 9, 2))
    said: list[str] = []
    assert prerequisites.main(said.append) == 1
    assert said[0].startswith("Missing: Python 3.11, 3.12 or 3.13 (found: 3.9.2)")
    assert not [line for line in said if "JDK" in line]


@pytest.mark.parametrize("file", ["__init__.py", "local/__init__.py", "local/prerequisites.py"])
def test_an_old_python_can_read_the_check(file: str) -> None:
    """Syntax of Python 3.7, so that the sentence appears instead of a SyntaxError."""
    ast.parse((PROJECT_ROOT / "lodestay" / file).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_little_memory_is_advice_and_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small machine may try."""
    monkeypatch.setattr(prerequisites, "MEMORY_GIB", 10_000.0)
    memory = prerequisites.check_all(PROJECT_ROOT)[-1]
    assert not memory.is_there
    assert memory.is_met
    assert "LODESTAY_SPARK_MEMORY" in (memory.hint or "")
