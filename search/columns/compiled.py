"""Compiling a function to machine code, with its types kept for the reader and the type checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])


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
