"""Apply mutants to a copy of the tree, one at a time, and run the tests that must notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.mutants.mutant import Mutant

FAILED, PASSED = 1, 0
"""Exit codes of pytest; every other one means that the tests could not be run."""
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "dagster_home", "notebooks", "deploy", "site")
TIMEOUT_SECONDS = 600


class Fate(StrEnum):
    """What became of a mutant."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    UNCLEAR = "unclear"
    """The tests could not be run, or did not end."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant and its fate; `said` is the end of what the tests said where it is not caught."""

    mutant: Mutant
    fate: Fate
    said: str


def hunt(mutants: Sequence[Mutant], *, root: Path, tell: Callable[[Verdict], None]) -> list[Verdict]:
    """Try every mutant on a copy of the tree; the tree itself is never touched."""
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="lodestay-mutants-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(root, copy, ignore=LEFT_OUT)
        for mutant in mutants:
            with _in_place(mutant, copy):
                verdict = _try(mutant, copy)
            verdicts.append(verdict)
            tell(verdict)
    return verdicts


@contextmanager
def _in_place(mutant: Mutant, root: Path) -> Iterator[None]:
    path = mutant.path(root)
    source = path.read_text(encoding="utf-8")
    path.write_text(mutant.applied_to(source), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(source, encoding="utf-8")


def _try(mutant: Mutant, root: Path) -> Verdict:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--durations=0", *mutant.tests]
    environment = os.environ | {"PYTHONPATH": str(root)}
    try:
        done = subprocess.run(  # noqa: S603 (pytest, on paths of the catalogue)
            command,
            cwd=root,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Verdict(mutant, Fate.UNCLEAR, f"no end after {TIMEOUT_SECONDS} s")
    fate = {FAILED: Fate.CAUGHT, PASSED: Fate.SURVIVED}.get(done.returncode, Fate.UNCLEAR)
    return Verdict(mutant, fate, "" if fate is Fate.CAUGHT else (done.stdout + done.stderr)[-2_000:])
