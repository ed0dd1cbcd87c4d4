"""`lodestay demo`: the whole path on this machine, told as the commands that anyone can type.

Each step is a command of its own, so the demo imports no other package and can do nothing that a
person could not. What is done is written down, and a second run takes up where the first left off.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.rule import Rule

from lodestay.errors import LodestayError
from lodestay.settings import get_settings

app = typer.Typer()
console = Console()

STAYS_TRIED = (3, 7, 30, 92)
"""Nights of the stays that the demo looks for, until enough listings take one (Singapore asks for three months)."""
ENOUGH_RESULTS = 10


class DemoStepFailed(LodestayError):
    """A command of the demo did not succeed; what it printed stands above."""

    title = "The demo stopped"


@dataclass(frozen=True)
class Step:
    """A command of the demo.

    Attributes
    ----------
    inputs
        What its effect depends on: done once for the same inputs is done.
    """

    title: str
    command: tuple[str, ...]
    inputs: str


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Folder of an Inside Airbnb city; none: a synthetic marketplace.")] = None,
    listings: Annotated[int, typer.Option(min=50, max=200_000, help="Size of the synthetic marketplace.")] = 3000,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn at random.")] = 7,
    stay_up: Annotated[bool, typer.Option(help="Stay up until Ctrl-C; without, the services are left running.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON, at the end.")] = False,
) -> None:
    """Take a marketplace from files to a ranked, priced, bookable search."""
    started = monotonic()
    journal = Journal(get_settings().home / "run" / "demo.json")
    _run(("up", "postgres", "opensearch", "spark", "mlflow"), title="Starting the services that the pipeline needs")
    for step in steps(data=data, listings=listings, seed=seed):
        if journal.has(step):
            console.print(f"[dim]✓ {step.title} (done before)[/dim]")
            continue
        _run(step.command, title=step.title)
        journal.add(step)
    _run(("up",), title="Starting everything that serves")
    found = _show()
    if as_json:
        sys.stdout.write(json.dumps(found | {"seconds": round(monotonic() - started, 1)}) + "\n")
    console.print(f"\n[bold]Ready after {monotonic() - started:.0f} s.[/bold]")
    if stay_up:
        _stay_up()


def steps(*, data: Path | None, listings: int, seed: int) -> list[Step]:
    """Everything that is done once, in order; each step depends on all before it."""
    if data is None:
        supply = Step(f"Making a marketplace of {listings} listings", ("generate", "--listings", str(listings), "--seed", str(seed)), "")
    else:
        supply = Step(f"Importing {data.name}", ("import", "inside-airbnb", str(data.resolve())), _state_of(data))
    plain = [
        Step("Laying out the database", ("migrate",), ""),
        Step("Loading exchange rates", ("rates",), ""),
        supply,
        Step("Playing a month of guests", ("simulate", "--days", "30", "--seed", str(seed)), ""),
        Step("Running the pipeline: lake, features, index, models, warehouse", ("pipeline",), date.today().isoformat()),
    ]
    chained = []
    history = ""
    for step in plain:
        history = sha256("\0".join((history, *step.command, step.inputs)).encode()).hexdigest()[:16]
        chained.append(Step(step.title, step.command, history))
    return chained


class Journal:
    """Which steps are done, kept in a file."""

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


def _state_of(folder: Path) -> str:
    """Names, sizes and times of a folder's files: a changed folder is imported again."""
    return " ".join(f"{p.name}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in sorted(folder.glob("*")))


def _run(command: Sequence[str], *, title: str) -> None:
    """Run a command of ours in the terminal, under its title."""
    console.print(Rule(f"[bold]{title}[/bold]  [dim]lodestay {' '.join(command)}[/dim]", align="left"))
    if subprocess.run([sys.executable, "-m", "lodestay.cli", *command], check=False).returncode:  # noqa: S603
        raise DemoStepFailed(
            f"`lodestay {' '.join(command)}` failed.", hint="Mend what it says above, then run the demo again: it goes on from here."
        )


def _ask(command: Sequence[str]) -> Any:
    """Run a command of ours and read its JSON."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "lodestay.cli", *command, "--json"], check=False, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise DemoStepFailed(f"`lodestay {' '.join(command)}` failed.", hint="See `lodestay status` and `lodestay logs`.")
    return json.loads(done.stdout)


def _show() -> dict[str, Any]:
    """Search, suggest a price, ask the warehouse, and say where everything is."""
    market = _newest_market()
    arguments, answer = _search_that_finds(market)
    _run(arguments, title=f"A ranked search in {market}")
    if not answer["results"]:
        console.print("[yellow]Nothing can be booked in this market: its source has no calendar.[/yellow]")
        return {"market": market, "results": 0}
    listing = str(answer["results"][0]["listing_id"])
    first = date.today() + timedelta(days=30)
    suggestion = ("suggest-price", listing, "--from", first.isoformat(), "--to", (first + timedelta(days=7)).isoformat())
    _run(suggestion, title=f"What the host of listing {listing} is advised")
    question = (
        "SELECT week, nights_sold, round(occupancy, 3) AS occupancy, round(adr_minor) AS adr_minor, round(revpar_minor) AS revpar_minor "
        f"FROM marts.occupancy_by_week WHERE market = '{market}' AND nights_sold > 0 ORDER BY week LIMIT 6"
    )
    _run(("sql", question), title="A question to the warehouse")
    _run(("status",), title="Where everything is")
    for role in ("guest", "host"):
        arguments = ("token", "--role", role, *(("--listing", listing) if role == "host" else ()))
        console.print(f"[dim]development token, {role}:[/dim] {_ask(arguments)['token']}", soft_wrap=True)
    return {"market": market, "results": answer["total_count"], "listing_id": int(listing)}


def _newest_market() -> str:
    """The market that was imported last, or the largest one of a generated marketplace."""
    markets: list[dict[str, Any]] = _ask(("markets",))["markets"]
    return str(max(markets, key=lambda m: (m["snapshot_loaded_at"] or "", m["active_listings"]))["market"])


def _search_that_finds(market: str) -> tuple[tuple[str, ...], Any]:
    """The first of a few stays that enough listings take."""
    saturday = date.today() + timedelta(days=28 + (4 - date.today().weekday()) % 7)
    tried = []
    for nights in STAYS_TRIED:
        arguments = (
            *("search", "--market", market, "--check-in", saturday.isoformat()),
            *("--check-out", (saturday + timedelta(days=nights)).isoformat(), "--guests", "2"),
        )
        tried.append((arguments, _ask(arguments)))
        if tried[-1][1]["total_count"] >= ENOUGH_RESULTS:
            return tried[-1]
    return max(tried, key=lambda pair: int(pair[1]["total_count"]))


def _stay_up() -> None:
    """Wait for Ctrl-C, then stop the services."""
    console.print("Ctrl-C stops the services; `make demo` brings them back in under a minute.")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    _run(("down",), title="Stopping")
