"""`python -m bench`: take the published figures again, all or one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bench import booking, columns, demo, imports, pipeline, ranking, scale, search, suggest, words
from bench.engines import measure as engines
from bench.engines.rivals import contest
from bench.report import publish
from lodestay.settings import PROJECT_ROOT

app = typer.Typer(no_args_is_help=False, invoke_without_command=True, pretty_exceptions_enable=False)
DATA = PROJECT_ROOT.parent / "shared" / "data" / "inside-airbnb"
SNAPSHOT = datetime(2023, 9, 23, tzinfo=UTC)
"""Singapore's fuller snapshot: prices by night, descriptions, reviews."""
City = Annotated[Path, typer.Option(help="Folder of an Inside Airbnb city.")]
Snapshot = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Which of its snapshots.")]


@app.callback()
def everything(context: typer.Context, city: City = DATA / "singapore", snapshot: Snapshot = SNAPSHOT) -> None:
    """Take every figure, when no command is named; that of the import only where the city is there."""
    if context.invoked_subcommand is None:
        run_demo()
        run_pipeline()
        run_search()
        run_suggest()
        run_scale()
        run_columns()
        run_words(real=False)
        run_booking()
        if city.is_dir():
            run_import(city, snapshot)


@app.command("import")
def run_import(city: City = DATA / "singapore", snapshot: Snapshot = SNAPSHOT) -> None:
    """Import rate of a real city, beside DuckDB reading the same files and doing nothing else."""
    publish("Import", "python -m bench import", imports.measure(city, snapshot.date()), imports.NOTES)


@app.command("pipeline")
def run_pipeline() -> None:
    """Time of each step of the pipeline on the marketplace that is up."""
    publish("Pipeline", "python -m bench pipeline", pipeline.measure(), pipeline.NOTES)


@app.command("search")
def run_search() -> None:
    """Latency of searches on the marketplace that is up, beside the same answer from PostgreSQL."""
    publish("Search", "python -m bench search", search.measure(), search.NOTES)


@app.command("suggest")
def run_suggest() -> None:
    """Latency of suggestions at every key, on the marketplace that is up, beside OpenSearch's completions."""
    publish("Suggestions", "python -m bench suggest", suggest.measure(), suggest.NOTES)


@app.command("scale")
def run_scale(
    listings: Annotated[int, typer.Option(min=1_000, help="Size of the marketplace that is drawn.")] = 100_000,
) -> None:
    """Latency of the search engine alone on a large marketplace, in columns and in OpenSearch."""
    publish("Search at scale", f"python -m bench scale --listings {listings}", scale.measure(listings), scale.NOTES)


@app.command("engines")
def run_engines(
    listings: Annotated[int, typer.Option(min=1_000, help="Size of the marketplace that is drawn.")] = 100_000,
    *,
    rivals: Annotated[bool, typer.Option(help="Ask other engines the same, in the same run.")] = True,
) -> None:
    """Whole searches over HTTP on a large marketplace: right, how fast, at which rate, with changes flowing in."""
    command = f"python -m bench engines --listings {listings}" + ("" if rivals else " --no-rivals")
    measured = engines.measure(listings, rivals=rivals)
    publish("Search over HTTP at scale", command, measured.figures, engines.NOTES)
    if measured.beside:
        publish("Search beside other engines", command, measured.beside, contest.notes())


@app.command("lean")
def run_lean(
    listings: Annotated[int, typer.Option(min=1_000, help="Size of the marketplace that is drawn.")] = 10_000_000,
) -> None:
    """Whole searches over HTTP on a marketplace that the machine has no room for as a whole."""
    command = f"python -m bench lean --listings {listings}"
    publish("Search at ten million listings", command, engines.measure_lean(listings), engines.LEAN_NOTES)


@app.command("ranking")
def run_ranking() -> None:
    """The ranker's forest as it is served, beside LightGBM."""
    publish("Ranking", "python -m bench ranking", ranking.measure(), ranking.NOTES)


@app.command("columns")
def run_columns(
    listings: Annotated[int, typer.Option(min=1_000, help="Size of the marketplace that is drawn.")] = 100_000,
) -> None:
    """Columns from documents to files, and the start of a process that maps them."""
    command = f"python -m bench columns --listings {listings}"
    publish("Columns", command, columns.measure(listings), columns.NOTES)


@app.command("words")
def run_words(
    *, real: Annotated[bool, typer.Option("--real", help="On the cities of Inside Airbnb beside the checkout.")] = False
) -> None:
    """How well words and their meaning find listings in ten languages, by themselves and together."""
    command = "python -m bench words" + (" --real" if real else "")
    publish("Words of real cities" if real else "Words", command, words.measure(DATA if real else None), words.NOTES)


@app.command("booking")
def run_booking(
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of the long run; 10 for a release.")] = 1,
) -> None:
    """Bookings a second over HTTP, the fight for one listing, a crash, and the naive designs beside them."""
    command = "python -m bench booking" + ("" if minutes == 1 else f" --minutes {minutes:g}")
    publish("Booking", command, booking.measure(minutes * 60), booking.NOTES)


@app.command("demo")
def run_demo() -> None:
    """Time of the demo's first and second run, and the size of the environment."""
    publish("Demo", "python -m bench demo", demo.measure(), demo.NOTES)


app()
