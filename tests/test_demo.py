"""The whole path on real services, as a newcomer walks it: `lodestay demo`, small, and what one does next."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lodestay.local.supervisor import Supervisor, supervise
from lodestay.settings import PROJECT_ROOT

pytestmark = [pytest.mark.slow, pytest.mark.spark, pytest.mark.opensearch]

DEMO = ("demo", "--listings", "150", "--searches", "2500", "--seed", "11", "--no-stay-up")


def lodestay(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Type a command."""
    command = [sys.executable, "-m", "lodestay.cli", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=1300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def answer(*arguments: str) -> Any:
    """Type a command with --json."""
    return json.loads(lodestay(*arguments, "--json").stdout)


def eventually(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.3)
    return False


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """Services of the demo's own: they are killed here, and other tests of the session are at work on the others."""
    supervisor = supervise(tmp_path_factory.mktemp("demo") / "home", report=lambda _name, _text: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LODESTAY_HOME", str(supervisor.home))
        patch.setenv("LODESTAY_SEARCH_TIMEOUT_MS", "10000")  # the machine has other tests to run
        yield supervisor
    supervisor.down([])
    for folder in supervisor.folders():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def found(services: Supervisor) -> dict[str, Any]:
    """The demo, run once: what it says at its end."""
    assert services
    result: dict[str, Any] = answer(*DEMO)
    return result


@pytest.fixture
def api(found: dict[str, Any], services: Supervisor) -> Iterator[httpx2.Client]:
    """A client of the demo's API."""
    assert found
    with httpx2.Client(base_url=services.records.endpoints()["LODESTAY_API_URL"], timeout=30) as client:
        yield client


@pytest.fixture
def trip(found: dict[str, Any]) -> dict[str, str]:
    """A search with dates in the demo's market."""
    first = date.today() + timedelta(days=40)  # noqa: DTZ011 - any day ahead will do
    dates = {"check_in": first.isoformat(), "check_out": (first + timedelta(days=3)).isoformat()}
    return {"market": found["market"], "guests": "2", **dates}


def test_the_demo_ends_in_a_ranked_and_explained_search(
    found: dict[str, Any], api: httpx2.Client, trip: dict[str, str]
) -> None:
    """Files, lake and index all took part and each result has its reasons; few guests may not convince the gate."""
    assert found["results"] > 0
    page = api.get("/v1/search", params=trip).json()
    assert page["degraded"] == []
    assert page["results"]
    assert all(result["reasons"] and result["price"]["total"]["minor"] > 0 for result in page["results"])


def test_a_second_run_takes_up_where_the_first_left_off(found: dict[str, Any]) -> None:
    """No step is done again."""
    again = lodestay(*DEMO, "--json")
    assert again.stderr.count("done before") == 5
    assert json.loads(again.stdout)["market"] == found["market"]


def test_a_host_is_advised_a_price_with_an_interval(found: dict[str, Any]) -> None:
    """Every night asked for has low, suggested and high in order."""
    first = date.today() + timedelta(days=30)  # noqa: DTZ011
    last = first + timedelta(days=5)
    advice = answer("suggest-price", str(found["listing_id"]), "--from", first.isoformat(), "--to", last.isoformat())
    nights = advice["nights"]
    assert len(nights) == 5
    assert all(night["low"]["minor"] <= night["suggested"]["minor"] <= night["high"]["minor"] for night in nights)


@pytest.mark.skipif(shutil.which("jq") is None, reason="the guide's examples need jq (apt-get install jq)")
def test_the_guide_for_guest_apps_can_be_pasted(found: dict[str, Any]) -> None:
    """Search, quote, hold, confirm, cancel and click, as printed in the guide, in the demo's market."""
    text = (PROJECT_ROOT / "docs" / "guides" / "guest-apps.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    script = "set -euo pipefail\n" + "\n".join(re.sub(r"^\$ ", "", block, flags=re.MULTILINE) for block in blocks)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-c", script.replace("market=paris", f"market={found['market']}")],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PATH": path},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout.splitlines()
    assert '"confirmed"' in said, done.stdout[-6000:]
    assert '"cancelled"' in said, done.stdout[-6000:]
    assert json.loads(said[-1])["accepted"] == 1, said[-1]


def test_a_booked_stay_leaves_the_search_by_itself(
    found: dict[str, Any], api: httpx2.Client, trip: dict[str, str]
) -> None:
    """Quote, hold, confirm: then the outbox, the relay and the index take the listing out of this search."""
    before = api.get("/v1/search", params=trip | {"instant_book": "true"}).json()
    chosen = before["results"][0]["listing_id"]
    headers = {"Authorization": f"Bearer {answer('token', '--role', 'guest')['token']}"}

    def post(path: str, body: dict[str, Any] | None) -> Any:
        done = api.post(path, json=body, headers=headers | {"Idempotency-Key": str(uuid.uuid4())})
        assert done.status_code < 300, done.text
        return done.json()

    wish = {"listing_id": chosen, "check_in": trip["check_in"], "check_out": trip["check_out"], "guests": 2}
    quote = post("/v1/quotes", wish)
    assert quote["total"] == before["results"][0]["price"]["charged"]
    held = post("/v1/bookings", {name: quote[name] for name in ("quote_id", "signature")})
    assert post(f"/v1/bookings/{held['booking_id']}/confirm", {"payment_method": "pm_ok"})["status"] == "confirmed"

    def gone() -> bool:
        now = api.get("/v1/search", params=trip | {"instant_book": "true"}).json()
        return bool(now["total_count"] == before["total_count"] - 1)

    assert eventually(gone, seconds=90)


def test_the_warehouse_answers(found: dict[str, Any]) -> None:
    """The marts were built by the same run."""
    rows = answer("sql", f"SELECT count(*) AS weeks FROM marts.occupancy_by_week WHERE market = '{found['market']}'")
    assert rows[0]["weeks"] > 40


def test_the_notebook_runs(found: dict[str, Any]) -> None:
    """Every cell of the notebook runs on what the demo made."""
    assert found
    notebook = PROJECT_ROOT / "notebooks" / "market.py"
    done = subprocess.run(
        [sys.executable, str(notebook)], capture_output=True, encoding="utf-8", check=False, timeout=300, env=os.environ
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_killed_index_degrades_the_search_and_comes_back(
    api: httpx2.Client, trip: dict[str, str], services: Supervisor
) -> None:
    """Without OpenSearch words cannot order the answer, which says so; `lodestay up` brings the index back."""
    asked = trip | {"text": "quiet, with a balcony"}
    whole = api.get("/v1/search", params=asked).json()
    state = next(s for s in answer("status")["services"] if s["name"] == "opensearch")
    os.kill(state["pid"], signal.SIGKILL)
    poorer = api.get("/v1/search", params=asked).json()
    assert len(poorer["degraded"]) > len(whole["degraded"])
    assert poorer["total_count"] == whole["total_count"]
    lodestay("up", "opensearch")
    assert eventually(lambda: api.get("/v1/search", params=asked).json()["degraded"] == whole["degraded"], seconds=90)


@pytest.mark.parametrize("name", ["postgres", "mlflow", "spark", "dagster", "dagster-daemon", "relay", "worker", "api"])
def test_a_killed_service_is_named_and_comes_back(
    api: httpx2.Client, trip: dict[str, str], services: Supervisor, name: str
) -> None:
    """`status` says which one died and what to type; typing it brings it back, and the search is whole again."""
    state = next(s for s in answer("status")["services"] if s["name"] == name)
    os.kill(state["pid"], signal.SIGKILL)
    died = next(s for s in answer("status")["services"] if s["name"] == name)
    assert died["state"] == "died"
    assert f"lodestay up {name}" in died["hint"]
    if name == "postgres":
        assert api.get("/v1/search", params=trip).status_code == 503
    lodestay("up", name)
    assert {s["name"]: s["state"] for s in answer("status")["services"]}[name] == "running"
    assert eventually(lambda: bool(api.get("/v1/search", params=trip).json().get("results")), seconds=60)


def one_in(how_many: int, city: Path, folder: Path) -> Path:
    """Copy a city's files with one listing in so many, spread over all of them, and every night of these."""
    part = folder / city.name
    part.mkdir()
    (listings,) = city.glob("listings_*.csv.gz")
    (calendar,) = city.glob("calendar_*.csv.gz")
    header, *rows = read_rows(listings)
    kept = rows[::how_many]
    write_rows(part / listings.name, [header, *kept])
    ids = {row[header.index("id")] for row in kept}
    nights = read_rows(calendar)
    header = next(nights)
    place = header.index("listing_id")
    write_rows(part / calendar.name, chain([header], (night for night in nights if night[place] in ids)))
    return part


def read_rows(path: Path) -> Iterator[list[str]]:
    """Rows of a packed file, its header first."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def write_rows(path: Path, rows: Iterable[list[str]]) -> None:
    """Write rows into a packed file."""
    with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
        csv.writer(file).writerows(rows)


def test_a_real_city_takes_the_same_path(shared_data: Path, api: httpx2.Client, tmp_path: Path) -> None:
    """Jersey City from its files, beside the synthetic cities: a ranked search with totals, and advice for a host.

    Every seventh listing with its whole year; that all of them can be imported is tests/transactional/imports' matter.
    """
    city = one_in(7, shared_data / "inside-airbnb" / "jersey-city", tmp_path)
    shown = answer("demo", "--data", str(city), "--searches", "2000", "--no-stay-up")
    assert shown["market"] == "jersey-city"
    assert shown["results"] > 0
    first = date.today() + timedelta(days=28)  # noqa: DTZ011
    dates = {"check_in": first.isoformat(), "check_out": (first + timedelta(days=3)).isoformat()}
    page = api.get("/v1/search", params={"market": "jersey-city", "guests": "2", **dates}).json()
    assert page["results"]
    assert all(result["reasons"] and result["price"]["total"]["currency"] == "USD" for result in page["results"])
