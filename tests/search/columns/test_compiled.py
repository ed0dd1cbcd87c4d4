"""Compiled code is made anew when anything changes that was compiled into it."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
from pathlib import Path

from lodestay.settings import PROJECT_ROOT
from search.columns import compiled
from search.columns.compiled import SOURCES

COLUMNS = PROJECT_ROOT / "search" / "columns"
OURS = ("search", "lodestay")
NOT_COMPILED = {PROJECT_ROOT / "search" / "histogram.py"}
"""What columns import and hand over at each call: edges of prices."""


def _uses(path: Path) -> set[Path]:
    """Files of ours that a file takes numbers from, or imports as modules, whose functions it may compile in."""
    found = set[Path]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or str(node.module).partition(".")[0] not in OURS:
            continue
        module = importlib.import_module(str(node.module))
        for name in node.names:
            value = getattr(module, name.name, None)
            if inspect.ismodule(value) or (isinstance(value, int | float) and not isinstance(value, bool)):
                found.add(Path(str((value if inspect.ismodule(value) else module).__file__)))
    return found


def test_what_is_compiled_in_from_elsewhere_is_in_the_digest() -> None:
    """Numba freezes numbers and functions of other files into the code and does not see them change."""
    wanted, known = set(COLUMNS.glob("*.py")), set[Path]()
    while new := wanted - known:
        known |= new
        wanted |= {used for path in new if path.parent == COLUMNS or path in SOURCES for used in _uses(path)}
    assert wanted > {PROJECT_ROOT / "search" / name for name in ("polygon.py", "request.py", "ring.py")}
    assert sorted(wanted - set(SOURCES) - NOT_COMPILED) == []


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
