"""``lodestay pipeline``: from PostgreSQL to the index, the models and the marts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lodestay.cli.output import AsJson, console, messages, print_json

if TYPE_CHECKING:
    from pipelines.run import Step

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _commands() -> None:
    """Keep the command's name: Typer runs an app of one command without it."""


@app.command()
def pipeline(
    *,
    market: Annotated[list[str] | None, typer.Option(help="A market's key; may repeat. Default: every market.")] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the partitions. Default: today, UTC.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the lake, the index, the models and the marts anew; the run stands in Dagster's UI."""
    from pipelines.run import STEPS, run_pipeline  # noqa: PLC0415 - Dagster takes seconds to import

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=messages,
        disable=as_json,
        transient=True,
    ) as shown:
        task = shown.add_task("starting the run: Dagster loads its code", total=len(STEPS))

        def on_step(step: Step) -> None:
            if step.seconds is None:
                shown.update(task, description=step.title)
            else:
                shown.advance(task)
                if not as_json:
                    shown.console.print(_line(step), highlight=False)

        done = run_pipeline((day or datetime.now(UTC)).date(), market or [], on_step=on_step)
    if as_json:
        print_json(done)
        return
    markets = f"{len(done.markets)} market{'' if len(done.markets) == 1 else 's'}"
    console.print(f"Pipeline of {done.day} for {markets}: {len(done.steps)} steps in {done.seconds:.0f} s")


def _line(step: Step) -> str:
    rows = "" if step.rows is None else f", {step.rows:,} rows"
    return f"  {step.title}: {step.state}{rows} in {step.seconds:.1f} s"
