"""Commands of the local services: up, down, status, logs, clean, doctor."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.text import Text

from lodestay.cli.output import AsJson, console, messages, print_json, print_table, progress
from lodestay.local.files import remove_folder
from lodestay.local.prerequisites import Finding, check_all
from lodestay.settings import PROJECT_ROOT, get_settings

if TYPE_CHECKING:
    from lodestay.local.state import ServiceState
    from lodestay.local.supervisor import Supervisor

app = typer.Typer()
_HINTED = (
    "postgres, opensearch, mlflow, spark, dagster, dagster-daemon, processor, relay, worker, api; none named: all."
)
Names = Annotated[list[str] | None, typer.Argument(help=_HINTED, show_default=False)]
_COLOURS = {"running": "green", "outside": "green", "stopped": "dim"}


@app.command()
def up(services: Names = None, *, as_json: AsJson = False) -> None:
    """Start local services and those they need; what runs already is left alone."""
    with _supervisor(quiet=as_json) as supervisor:
        states = supervisor.up(services or [])
    _show(states, supervisor, as_json=as_json)


@app.command()
def down(services: Names = None, *, as_json: AsJson = False) -> None:
    """Stop local services; their data stays."""
    with _supervisor(quiet=as_json) as supervisor:
        states = supervisor.down(services or [])
    _show(states, supervisor, as_json=as_json)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Say how every service is, where it answers, and what to do about those that do not."""
    with _supervisor(quiet=True) as supervisor:
        _show(supervisor.status(), supervisor, as_json=as_json)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="Name of a service, as in `lodestay status`.")],
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing what is added.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what a service wrote."""
    with _supervisor(quiet=True) as supervisor:
        path = supervisor.records.log(supervisor.service(service).name)
    text = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:] if path.exists() else []
    if as_json:
        print_json({"service": service, "log": path, "lines": text})
        return
    sys.stdout.write("".join(f"{line}\n" for line in text))
    if follow:
        sys.stdout.flush()
        subprocess.run(["/usr/bin/env", "tail", "-n", "0", "-F", str(path)], check=False)  # noqa: S603 - our own path


@app.command()
def clean(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the services and remove everything local of this checkout: databases, index, lake, models, logs.

    Downloads shared with other checkouts stay.
    """
    with _supervisor(quiet=as_json) as supervisor:
        folders = supervisor.folders()
        if not yes:
            typer.confirm(f"Remove {', '.join(map(str, folders))} and all that is in it?", abort=True, err=True)
        supervisor.down([])
    for folder in folders:
        remove_folder(folder)
    if as_json:
        print_json({"removed": folders})
    else:
        console.print("Removed: " + (", ".join(map(str, folders)) or "nothing was there") + ".")


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Check what Lodestay needs of this machine, and say how to get what is missing."""
    findings = check_all(PROJECT_ROOT)
    if as_json:
        print_json([asdict(finding) | {"is_met": finding.is_met} for finding in findings])
    else:
        print_table(None, ["", "needed", "found"], [_finding(finding) for finding in findings])
        for finding in findings:
            if finding.hint:
                console.print(f"[dim]→[/] {escape(finding.name)}: {escape(finding.hint)}", highlight=False)
    if not all(finding.is_met for finding in findings):
        raise typer.Exit(3)


def _finding(finding: Finding) -> Sequence[object]:
    mark = ("✓", "green") if finding.is_there else ("✗", "red") if finding.is_required else ("!", "yellow")
    return [Text(*mark), f"{finding.name} {finding.needed}", finding.found]


@contextmanager
def _supervisor(*, quiet: bool) -> Iterator[Supervisor]:
    from lodestay.local.supervisor import supervise  # noqa: PLC0415 - needs the extra `local`: a clear hint without it

    with progress("Local services", quiet=quiet) as report:
        yield supervise(get_settings().home, report=lambda name, text: report(f"{name} {text}"))


def _show(states: Sequence[ServiceState], supervisor: Supervisor, *, as_json: bool) -> None:
    if as_json:
        print_json({"home": supervisor.home, "folders": supervisor.folders(), "services": states})
        return
    print_table(None, ["service", "state", "address"], [[state.name, _state(state), state.address] for state in states])
    for state in states:
        if state.hint and state.state != "stopped":
            messages.print(f"[dim]→[/] {escape(state.title)}: {escape(state.hint)}", highlight=False)
    _show_folders(supervisor.folders())


def _show_folders(folders: Sequence[Path]) -> None:
    for folder in folders[1:]:
        reason = "the services' account cannot enter the checkout"
        messages.print(f"[dim]Data of PostgreSQL and OpenSearch: {escape(str(folder))} ({reason}).[/]", highlight=False)


def _state(state: ServiceState) -> Text:
    return Text(state.state.value, _COLOURS.get(state.state.value, "red"))
