"""Steps that are done once, and the file that says which are done."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """A command of ours that is run once for the same inputs.

    Attributes
    ----------
    inputs
        What its effect depends on beside its arguments.
    """

    title: str
    command: tuple[str, ...]
    inputs: str


class Journal:
    """Which steps are done, kept in a file; a damaged file means that none is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def has(self, step: Step) -> bool:
        """Whether the step was done with the same inputs."""
        return self._read().get(step.command[0]) == step.inputs

    def add(self, step: Step) -> None:
        """Write a step down as done."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._read() | {step.command[0]: step.inputs}), encoding="utf-8")

    def _read(self) -> dict[str, str]:
        try:
            done: dict[str, str] = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return done


def chain(*steps: Step) -> list[Step]:
    """Let each step's inputs stand for everything before it too, so that a change redoes what follows."""
    chained, history = [], ""
    for step in steps:
        history = sha256("\0".join((history, *step.command, step.inputs)).encode()).hexdigest()
        chained.append(replace(step, inputs=history))
    return chained


def state_of(folder: Path) -> str:
    """Names, sizes and times of a folder's files: a changed folder is another input."""
    files = sorted(folder.glob("*")) if folder.is_dir() else []
    return " ".join(f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files)
