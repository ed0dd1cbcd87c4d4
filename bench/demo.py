"""How long a newcomer waits: the demo's first and second run, and what the installation weighs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.report import Figure
from lodestay.errors import ServiceUnavailable

NOTES = """
`lodestay demo` with the synthetic marketplace of 3,000 listings in an empty home folder, everything downloaded
before; the second run finds the first one's data and starts the stopped services again. The environment is what `make
install` brings, without torch unless `TORCH=1` was asked for.
"""


def measure() -> list[Figure]:
    """Run the demo twice in a home of its own."""
    with tempfile.TemporaryDirectory(prefix="lodestay-bench-", ignore_cleanup_errors=True) as home:
        environment = os.environ | {"LODESTAY_HOME": home}
        try:
            first = _lodestay(environment, "demo", "--no-stay-up", "--json")
            _lodestay(environment, "down", "--json")
            second = _lodestay(environment, "demo", "--no-stay-up", "--json")
        finally:
            _lodestay(environment, "clean", "--yes", "--json")
    return [
        *_waits("first run, nothing there", first),
        *_waits("second run, services stopped, data there", second),
        Figure("environment", "GB", _size(Path(sys.prefix)) / 1e9, None, None),
    ]


def _waits(which: str, ended: dict[str, Any]) -> list[Figure]:
    return [
        Figure(f"{which}: until search, suggestion and marts were shown", "s", ended["seconds"], None, None),
        Figure(f"{which}: until Spark and Dagster were up too", "s", ended["seconds_until_all_is_up"], None, None),
    ]


def _lodestay(environment: dict[str, str], *arguments: str) -> Any:
    command = [sys.executable, "-m", "lodestay.cli", *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=False)  # noqa: S603 - ours
    if done.returncode:
        raise ServiceUnavailable(f"`lodestay {' '.join(arguments)}` failed.", hint="Its messages stand above.")
    return json.loads(done.stdout)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
