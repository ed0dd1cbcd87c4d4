"""`lodestay demo`: the whole path on this machine, told as the commands that anyone can type.

Each step is a command of its own, so the demo imports no other package and can do nothing that a
person could not. What is done is written down, and a second run takes up where the first left off.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer

from lodestay.cli.commands import CommandFailed, Run, ask, run_command
from lodestay.cli.journal import Journal, Step, chain, state_of
from lodestay.cli.output import AsJson, messages, print_json
from lodestay.cli.showcase import say_where, show
from lodestay.cli.watch import stay_until_stopped
from lodestay.local.prerequisites import require_all
from lodestay.settings import PROJECT_ROOT, get_settings

app = typer.Typer()

PIPELINE_SERVICES = ("postgres", "opensearch", "spark", "mlflow")
SHOWN_SERVICES = ("postgres", "opensearch", "mlflow", "relay", "worker", "api")
"""What the last screen needs; the rest comes up behind it, since its schedules go to work at once."""
NO_CALENDAR = (
    "[yellow]This city has no calendar: no night can be booked, so no guests are played, no ranking model is trained "
    "and the marts stay empty. It can be searched without dates.[/]"
)


@dataclass(frozen=True)
class Plan:
    """Everything that is done once, in order; each step is done again where one before it changed.

    Attributes
    ----------
    supply
        Makes or imports the marketplace.
    guests
        Plays on it; left out where no night can be booked.
    """

    schema: Step
    rates: Step
    supply: Step
    guests: Step
    pipeline: Step


@app.command()
def demo(
    *,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of an Inside Airbnb city; none: a synthetic marketplace.", show_default=False),
    ] = None,
    snapshot: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Which snapshot of several; default: the newest.")
    ] = None,
    listings: Annotated[int, typer.Option(min=50, max=200_000, help="Size of the synthetic marketplace.")] = 3000,
    searches: Annotated[int, typer.Option(min=100, help="Searches that the simulated guests make.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn at random.")] = 7,
    stay_up: Annotated[bool, typer.Option(help="Stay until Ctrl-C and then stop the services.")] = True,
    as_json: AsJson = False,
) -> None:
    """Take a marketplace from files to a ranked, priced, bookable search."""
    started = monotonic()
    require_all(PROJECT_ROOT)
    # With --json stdout is for the result alone.
    run = partial(run_command, output=sys.stderr if as_json else sys.stdout)
    todo = plan(data=data, snapshot=snapshot, listings=listings, searches=searches, seed=seed)
    try:
        found = _walk(todo, run)
        seconds = round(monotonic() - started, 1)
        messages.print(f"\n[bold]Ready after {seconds:.0f} s.[/]")
        _start_the_rest(run)
        say_where(found["market"], found["listing_id"])
    except KeyboardInterrupt:
        messages.print("\nStopped. What is done stays done; the services still run: `make down` stops them.")
        raise
    if as_json:
        print_json(found | {"seconds": seconds, "seconds_until_all_is_up": round(monotonic() - started, 1)})
    if stay_up:
        messages.print("Ctrl-C stops the services; `make demo` starts them again and goes on from here.")
        stay_until_stopped(get_settings().home)
        run(("down",), title="Stopping")


def plan(*, data: Path | None, snapshot: datetime | None, listings: int, searches: int, seed: int) -> Plan:
    """Lay out what there is to do."""
    if data is None:
        made = ("generate", "--listings", str(listings), "--seed", str(seed))
        supply = Step(f"Making a marketplace of {listings:,} listings", made, "")
    else:
        which = () if snapshot is None else ("--snapshot", f"{snapshot:%Y-%m-%d}")
        read = ("import", "inside-airbnb", str(data.resolve()), *which)
        supply = Step(f"Importing {data.name}", read, state_of(data))
    played = ("simulate", "--days", "30", "--searches", str(searches), "--seed", str(seed))
    return Plan(
        *chain(
            Step("Laying out the database", ("migrate",), ""),
            Step("Loading exchange rates", ("rates",), ""),
            supply,
            Step(f"Playing a month of guests: {searches:,} searches", played, ""),
            Step("Running the pipeline: lake, features, index, models, warehouse", ("pipeline",), ""),
        )
    )


def _walk(todo: Plan, run: Run) -> dict[str, Any]:
    """Do what is not done yet, bring up what serves, and show it."""
    journal = Journal(get_settings().home / "run" / "demo.json")
    once = partial(_once, journal=journal, run=run)
    all_done = journal.has(todo.pipeline)
    if all_done:
        run(("up", *SHOWN_SERVICES), title="Starting what serves")
    else:
        run(("up", *PIPELINE_SERVICES), title="Starting what the pipeline needs")
    for step in (todo.schema, todo.rates, todo.supply):
        once(step)
    market, has_nights = _market_of(todo.supply)
    if has_nights:
        once(todo.guests)
    else:
        messages.print(NO_CALENDAR)
    once(todo.pipeline)
    if not all_done:
        run(("up", *SHOWN_SERVICES), title="Starting what serves")
    return {"market": market} | show(market, has_nights=has_nights, run=run)


def _start_the_rest(run: Run) -> None:
    """Bring up what works in the background; where it fails, what was shown still stands."""
    try:
        run(("up",), title="Starting what works in the background")
    except CommandFailed as error:
        messages.print(f"[yellow]{error.detail}[/] The search serves all the same; see `lodestay status`.")


def _once(step: Step, *, journal: Journal, run: Run) -> None:
    """Do a step, unless it was done on the same inputs."""
    if journal.has(step):
        messages.print(f"[green]✓[/] {step.title} [dim](done before)[/]")
        return
    run(step.command, title=step.title)
    journal.add(step)


def _market_of(supply: Step) -> tuple[str, bool]:
    """The market that the demo shows, and whether it has nights: the one imported, else the one that most can book.

    In a home with an imported city the largest market may be that city, without a calendar.
    """
    if supply.command[0] == "import":
        summary = ask(supply.command)  # the same files again: nothing is done, and the first import is told
        return str(summary["market_key"]), bool(summary["nights"])
    markets: list[dict[str, Any]] = ask(("markets",))
    shown = max(markets, key=lambda market: (int(market["bookable_listings"]), int(market["active_listings"])))
    return str(shown["market_key"]), bool(shown["bookable_listings"])
