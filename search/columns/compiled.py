"""Compiling a function to machine code, with its types kept for the reader and the type checker."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])


_HERE = Path(__file__).parent
_FOUNDATION = _HERE.parents[1] / "lodestay"
SOURCES = (
    *sorted(_HERE.glob("*.py")),
    *(_HERE.parent / name for name in ("polygon.py", "request.py", "ring.py", "stay_price.py")),
    *(_FOUNDATION / name for name in ("calendar.py", "geography.py", "money.py", "pricing.py")),
)
"""What may be compiled in: functions, and the constants that they have when they are compiled."""
_KEPT_FOLDERS = 4
"""Folders of compiled code that stay, the newest: of checkouts between which somebody goes to and fro."""


def _cache_folder() -> Path:
    """Folder for compiled code, another one whenever a line of what may be compiled in has changed.

    Numba looks at the file of the function alone, and would go on with the old code of what is inlined into it.
    """
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(source.read_bytes())
    beside = _HERE / "__pycache__"
    root = beside if os.access(_HERE, os.W_OK) else Path.home() / ".cache" / "lodestay"
    return root / f"compiled-{digest.hexdigest()[:16]}"


def _forget_old(folder: Path) -> None:
    """Remove compiled code that no checkout of late has used."""
    others = [other for other in folder.parent.glob("compiled-*") if other != folder]
    with suppress(OSError):  # another process may be at it
        by_age = sorted(others, key=lambda other: other.stat().st_mtime, reverse=True)
        for old in by_age[_KEPT_FOLDERS - 1 :]:
            shutil.rmtree(old, ignore_errors=True)


_FOLDER = _cache_folder()
if _FOLDER.exists():
    _FOLDER.touch()  # in use
else:
    _forget_old(_FOLDER)
config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined]  # Numba makes its attributes at run time


def inlined(function: Function) -> Function:
    """Compile into each caller: a call would count the references of every column that it hands over."""
    return cast("Function", njit(inline="always")(function))


def compiled(function: Function) -> Function:
    """Compile at the first call, keep the code for later processes, and let other threads run meanwhile."""
    return cast("Function", njit(cache=True, nogil=True)(function))


def _trailing_zeros(_context: Any, _value: Any) -> Any:
    """Zero bits below the lowest set bit of a 64-bit word, which must not be 0: one instruction."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


trailing_zeros: Callable[[Any], int] = cast("Callable[[Any], int]", intrinsic(_trailing_zeros))
"""Place of the lowest set bit of a uint64."""


def _ones(_context: Any, _value: Any) -> Any:
    """Set bits of a 64-bit word: one instruction, or one for several words."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


ones: Callable[[Any], int] = cast("Callable[[Any], int]", intrinsic(_ones))
"""How many bits of a uint64 are set."""
