"""``lodestay models``: which models serve, and how good they are."""

from __future__ import annotations

from typing import Final

import typer

from lodestay.cli.output import AsJson, print_rows
from lodestay.settings import get_settings

app = typer.Typer(no_args_is_help=True)

_SHOWN = frozenset({"judged", "judged_low", "judged_high", "ndcg_10", "truth_ndcg_10", "relative_mae", "coverage"})

NEEDS: Final = {
    "pricing": "nights with a price and what became of them, which only calendars have",
    "ranking": "guests' searches, which only a market with a calendar has (`lodestay simulate` plays some)",
}
"""Every model of the platform and what it is trained on."""


@app.callback()
def _commands() -> None:
    """Keep the command's name: Typer runs an app of one command without it."""


@app.command()
def models(*, as_json: AsJson = False) -> None:
    """List the champion of every model with its figures and why it is the champion; where there is none, why not."""
    from ml.registry import Registry  # noqa: PLC0415 - MLflow takes seconds to import; --help should not wait

    registry = Registry(get_settings().require_mlflow_tracking_uri())
    names = registry.names()
    found: list[dict[str, object]] = []
    for name in names:
        champion = registry.champion_version(name)
        version = champion or registry.challenger_version(name)
        metrics = dict(version.metrics) if version else {}
        tags = dict(version.tags) if version else {}
        refused = "" if champion or version is None else f"Version {version.version} was refused. "
        found.append(
            {
                "model": name,
                "champion": champion and champion.version,
                "metrics": metrics,
                "tags": tags,
                "figures": ", ".join(f"{key} {value:.3f}" for key, value in sorted(metrics.items()) if key in _SHOWN),
                "why": refused + tags.get("reasons", ""),
            }
        )
    found += [_never_trained(name, needs) for name, needs in NEEDS.items() if name not in names]
    print_rows(None, found, columns={c: c for c in ("model", "champion", "figures", "why")}, as_json=as_json)


def _never_trained(name: str, needs: str) -> dict[str, object]:
    """What is said of a model that the registry does not know: that is an answer too."""
    why = f"None was ever trained: it learns from {needs}. `lodestay pipeline` trains it once there are enough."
    return {"model": name, "champion": None, "metrics": {}, "tags": {}, "figures": "", "why": why}
