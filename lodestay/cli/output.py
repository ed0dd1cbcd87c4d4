"""What every command prints with: tables for people, JSON for programs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from math import floor, inf, isfinite, log10
from time import monotonic
from typing import Annotated, Any, TextIO

import orjson
import typer
from pydantic import BaseModel
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
"""The option that every command has; write ``as_json: AsJson = False``."""

PIPE_WIDTH = 1_000
"""Columns of a table that nobody looks at in a terminal: in a pipe nothing is broken, so that `grep` finds it."""


def width_of(stream: TextIO, environment: Mapping[str, str]) -> int | None:
    """Columns for tables: in a pipe as many as any table needs, else (None) those of the terminal or of COLUMNS."""
    return None if stream.isatty() or "COLUMNS" in environment else PIPE_WIDTH


console = Console(width=width_of(sys.stdout, os.environ))
"""Results go here."""

messages = Console(stderr=True)
"""Progress and remarks go here, so that stdout can be piped."""

_LEAST_WORDS = 16
"""Columns of the terminal kept for what may be broken."""
_TICKING = re.compile(r" \(\d+ s\)$")  # how long a step has taken so far: for the eye, not for a log
_DIGITS = re.compile(r"\d+")
_COUNTING_SECONDS = 10.0
"""How often a line is printed in a pipe that differs in its numbers alone from one before: a log needs no more."""


def print_json(value: object) -> None:
    """Print dataclasses, pydantic models, dates, decimals, paths and collections of them as one JSON document."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    sys.stdout.write(orjson.dumps(value, default=_plain, option=options).decode() + "\n")


def print_table(title: str | None, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a header; numbers stand to the right, None is a dash.

    Words are shown as they are, since many are hosts' or guests' ("write to [e-mail]"): colour comes as
    :class:`rich.text.Text`.
    """
    heading = None if title is None else Text(title)
    table = Table(title=heading, title_justify="left", title_style="bold", header_style="bold", box=box.SIMPLE_HEAD)
    cells = [[_cell(value) for value in row] for row in rows]
    unbroken = _unbroken(columns, cells)
    for position, column in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[position], int | float | Decimal | None) for row in rows)
        table.add_column(
            Text(column), justify="right" if numbers else "left", overflow="fold", no_wrap=position in unbroken
        )
    for row in cells:
        table.add_row(*row)
    console.print(table)


def print_rows(
    title: str | None, records: Sequence[Mapping[str, object]], *, columns: Mapping[str, str], as_json: bool
) -> None:
    """Print records as a table of some of their fields, or all of them as JSON.

    Parameters
    ----------
    columns
        Field to column heading, in the order shown.
    """
    if as_json:
        print_json(records)
    else:
        print_table(title, list(columns.values()), [[record[name] for name in columns] for record in records])


@contextmanager
def progress(what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a spinner with the latest line while something takes time; in a pipe, each new line once.

    Of lines that differ in their numbers alone (days, counts) a pipe gets one every :data:`_COUNTING_SECONDS`.

    Parameters
    ----------
    quiet
        Show nothing: for ``--json``.
    """
    if quiet:
        yield lambda _text: None
    elif messages.is_terminal:
        with messages.status(what) as status:
            yield lambda text: status.update(f"{what}: {text}")
    else:
        yield _sparing(lambda step: messages.print(f"{what}: {step}", highlight=False))


def _sparing(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Pass on what is new, and what only counts now and then."""
    seen: set[str] = set()
    told_at: dict[str, float] = {}

    def once(text: str) -> None:
        step = _TICKING.sub("", text)
        kind, now = _DIGITS.sub("0", step), monotonic()
        if step in seen or now - told_at.get(kind, -inf) < _COUNTING_SECONDS:
            return
        seen.add(step)
        told_at[kind] = now
        tell(step)

    return once


def _unbroken(columns: Sequence[str], cells: Sequence[Sequence[Any]]) -> set[int]:
    """Columns of dates, numbers and keys, which stay in one piece as long as all of them find room.

    Rich would cut them where they do not, and a number without its last digits is another number.
    """
    widths = {}
    for position, column in enumerate(columns):
        shown = [str(row[position]) for row in cells]
        if shown and not any(" " in text or "\n" in text for text in shown):
            widths[position] = max(map(len, (column, *shown)))
    fit = sum(widths.values()) + 3 * len(columns) + _LEAST_WORDS * (len(columns) > len(widths)) <= console.width
    return set(widths) if fit else set()


def _cell(value: object) -> Any:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _four_digits(value)
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return value if hasattr(value, "__rich_console__") else Text(str(value))


def shortened(text: str, width: int) -> str:
    """A text in at most so many characters; where it is cut, between words if it has any, an ellipsis says so."""
    if len(text) <= width:
        return text
    whole, _, _ = text[:width].rpartition(" ")
    kept = whole if len(whole) >= width // 2 else text[: width - 1]  # scripts without blanks, and endless words
    return kept.rstrip(" ,;:-") + "…"


def _four_digits(value: float) -> str:
    """As many decimals as leave some four digits: a table is for the eye, `--json` has the rest."""
    if not value or not isfinite(value):
        return f"{value:g}"
    decimals = max(0, 3 - floor(log10(abs(value))))
    text = f"{value:,.{min(decimals, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
