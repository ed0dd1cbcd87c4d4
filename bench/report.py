"""Figures, the machine they were taken on, and the page they are published on."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import psutil

from lodestay.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes
    ----------
    what
        What was measured, on what.
    ours, theirs
        The number for this project and, where there is one, for the alternative.
    alternative
        What `theirs` is.
    """

    what: str
    unit: str
    ours: float
    theirs: float | None
    alternative: str | None


@dataclass(frozen=True)
class Latency:
    """Median and 99th percentile of a series of calls, in milliseconds."""

    p50: float
    p99: float


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call took."""
    started = perf_counter()
    call()
    return perf_counter() - started


def latency(seconds: Sequence[float]) -> Latency:
    """Summarise the durations of single calls."""
    p50, p99 = np.percentile(np.asarray(seconds) * 1000, [50, 99])
    return Latency(float(p50), float(p99))


def machine() -> str:
    """The machine in one line: enough to judge a figure by."""
    memory = psutil.virtual_memory().total / 2**30
    software = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {software}"


def publish(name: str, command: str, figures: Sequence[Figure], notes: str) -> None:
    """Write a benchmark's section of the page, in place of its older self."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    source = f"`{command}` · {datetime.now(UTC):%Y-%m-%d} · {machine()}"
    section = "\n\n".join([f"{begin}\n{_table(figures)}", source, f"{notes.strip()}\n{end}"])
    page = PAGE.read_text(encoding="utf-8")
    if begin not in page:
        page = f"{page.rstrip()}\n\n## {name}\n\n{begin}\n{end}\n"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{section}{after}", encoding="utf-8")


def _table(figures: Sequence[Figure]) -> str:
    rows = ["| what | Lodestay | alternative | |", "|---|---:|---:|---|"]
    for figure in figures:
        theirs = "" if figure.theirs is None else f"{_number(figure.theirs)} {figure.unit}"
        rows.append(f"| {figure.what} | {_number(figure.ours)} {figure.unit} | {theirs} | {figure.alternative or ''} |")
    return "\n".join(rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _processor() -> str:
    for line in (
        Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else ()
    ):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
