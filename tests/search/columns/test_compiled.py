"""Compiled code is made anew when anything changes that was compiled into it."""

from __future__ import annotations

import ast
import importlib
import os
from pathlib import Path

from lodestay.settings import PROJECT_ROOT
from search.columns import compiled
from search.columns.compiled import SOURCES

COLUMNS = PROJECT_ROOT / "search" / "columns"


def test_constants_from_elsewhere_are_in_the_digest() -> None:
    """Numba freezes a module's numbers into the code and does not see them change: their files are in the digest."""
    named = {
        (node.module, name.name)
        for path in COLUMNS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(("search.", "lodestay."))
        for name in node.names
    }
    numbers = {
        Path(str(importlib.import_module(str(module)).__file__))
        for module, name in named
        if isinstance(getattr(importlib.import_module(str(module)), name, None), int | float)
    }
    assert numbers > {COLUMNS / "table.py", PROJECT_ROOT / "search" / "ring.py"}
    assert numbers <= set(SOURCES)


def test_old_folders_are_forgotten(tmp_path: Path) -> None:
    """The newest few stay; nothing else is touched."""
    for number in range(6):
        folder = tmp_path / f"compiled-{number}"
        folder.mkdir()
        (folder / "code").write_text("x")
        os.utime(folder, (number, number))
    (tmp_path / "compiled.pyc").write_text("x")
    compiled._forget_old(tmp_path / "compiled-new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "compiled-3",
        "compiled-4",
        "compiled-5",
        "compiled.pyc",
    ]
