"""How long each step of the pipeline takes on the marketplace that is up."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from bench.report import Figure
from lodestay.errors import ServiceUnavailable

NOTES = """
`lodestay pipeline`: the whole graph for every market, as one Dagster run, with its data checks, on the marketplace
and the services that are up (Spark Connect, PostgreSQL, OpenSearch and MLflow on the same cores). Two steps run at a
time, so the steps together take longer than the whole.
"""


def measure() -> list[Figure]:
    """Run the pipeline once."""
    command = [sys.executable, "-m", "lodestay.cli", "pipeline", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)  # noqa: S603 - ours
    if done.returncode:
        raise ServiceUnavailable("`lodestay pipeline` failed.", hint="Its messages stand above; is `lodestay up` done?")
    run: dict[str, Any] = json.loads(done.stdout)
    steps = [
        Figure(f"{step['title']} ({step['rows'] or 0:,} rows)", "s", step["seconds"], None, None)
        for step in run["steps"]
    ]
    (index,) = (step for step in run["steps"] if step["title"] == "build the index")
    rate = Figure("build the index, with its checks", "documents/s", index["rows"] / index["seconds"], None, None)
    return [Figure("whole pipeline", "s", run["seconds"], None, None), *steps, rate]
