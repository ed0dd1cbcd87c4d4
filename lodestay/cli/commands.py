"""Our own commands, run as a person would type them."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Protocol, TextIO

from rich.rule import Rule

from lodestay.cli.output import messages
from lodestay.errors import SetupIncomplete


class CommandFailed(SetupIncomplete):
    """A command that another one needed did not succeed; what it printed stands above."""

    title = "A command failed"


class Run(Protocol):
    """Runs a command of ours under a title."""

    def __call__(self, command: Sequence[str], *, title: str) -> None:
        """Run it, or raise :class:`CommandFailed`."""


def run_command(command: Sequence[str], *, title: str, output: TextIO) -> None:
    """Run a command of ours, its results to `output`, under its title."""
    messages.print(Rule(f"[bold]{title}[/]", align="left"))
    messages.print(f"$ {typed(command)}", style="dim", soft_wrap=True, highlight=False, markup=False)
    if subprocess.run(_ours(command), check=False, stdout=output).returncode:  # noqa: S603 - a command of ours
        hint = "Mend what it says above, then type the same again: it goes on from here."
        raise CommandFailed(f"`{typed(command)}` failed.", hint=hint)


def ask(command: Sequence[str]) -> Any:
    """Run a command of ours and read its JSON."""
    answer, said = attempt(command)
    if answer is None:
        sys.stderr.write(said)
        raise CommandFailed(
            f"`{typed((*command, '--json'))}` failed.", hint="See `lodestay status` and `lodestay logs`."
        )
    return answer


def attempt(command: Sequence[str]) -> tuple[Any, str]:
    """Run a command of ours and read its JSON: None where it fails, which it may; and what it said beside."""
    asked = _ours((*command, "--json"))
    done = subprocess.run(asked, check=False, capture_output=True, encoding="utf-8")  # noqa: S603 - ours
    return None if done.returncode else json.loads(done.stdout), done.stderr


def typed(command: Sequence[str]) -> str:
    """A command of ours as a person would type it in a shell."""
    return " ".join(("lodestay", *map(_quoted, command)))


def _quoted(word: str) -> str:
    """Quote a word: SQL in double quotes, since it is full of single ones."""
    plain = "'" in word and not set('"$`\\!') & set(word)
    return f'"{word}"' if plain else shlex.quote(word)


def _ours(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "lodestay.cli", *command]
