"""The same services for a normal user: when root runs the tests, rights are dropped first."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lodestay.local.account import Account, may_enter, service_account
from lodestay.local.artifacts import cache_folder
from lodestay.local.java import find_java
from lodestay.local.opensearch import install
from lodestay.settings import PROJECT_ROOT

pytestmark = [pytest.mark.slow, pytest.mark.opensearch]

_SCRIPT = """
import json, os, sys, urllib.request
from pathlib import Path
import psycopg
from lodestay.local.supervisor import supervise

supervisor = supervise(Path(sys.argv[1]), report=lambda name, text: None)
supervisor.up(["postgres", "opensearch"])
try:
    endpoints = supervisor.records.endpoints()
    with psycopg.connect(endpoints["LODESTAY_DATABASE_URL"]) as connection:
        version = connection.info.server_version
    with urllib.request.urlopen(endpoints["LODESTAY_OPENSEARCH_URL"]) as answer:
        name = json.load(answer)["name"]
    print(json.dumps({"uid": os.geteuid(), "postgres": version, "opensearch": name,
                      "folders": [str(folder) for folder in supervisor.folders()]}))
finally:
    supervisor.down([])
"""


@pytest.fixture
def nobody() -> Account:
    """An unprivileged account other than ours."""
    account = service_account()
    if account is None:
        pytest.skip("not root: every other test of these services ran as a normal user already")
    return account


@pytest.fixture
def interpreter(nobody: Account) -> str:
    """A Python of this version that the account may run (root's own may lie in root's closed home)."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if Path(candidate).exists() and may_enter(Path(candidate), nobody):
            return candidate
    pytest.skip(f"no {version} on this machine that the account {nobody.name} may run")


@pytest.fixture
def home(nobody: Account) -> Iterator[Path]:
    """A home that belongs to the account."""
    folder = Path("/var/tmp") / f"lodestay-normal-user-{os.getpid()}"  # noqa: S108
    folder.mkdir()
    os.chown(folder, nobody.uid, nobody.gid)
    yield folder
    shutil.rmtree(folder)


def test_a_normal_user_runs_the_engines(nobody: Account, interpreter: str, home: Path) -> None:
    """PostgreSQL and OpenSearch start, answer and stop without any right of root's, all files in the home."""
    packages = Path(psycopg.__file__).parents[1]
    for folder in (PROJECT_ROOT, packages):
        if not may_enter(folder, nobody):
            pytest.skip(f"the account {nobody.name} cannot read {folder}")
    cache = cache_folder(nobody)
    install(cache, java=find_java(os.environ, usable=lambda _home: True), report=lambda _text: None)
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": f"{PROJECT_ROOT}{os.pathsep}{packages}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LODESTAY_CACHE": str(cache),
        "LODESTAY_OPENSEARCH_HEAP": "512m",
        "HOME": str(home),
    }
    answer = subprocess.run(
        [interpreter, "-c", _SCRIPT, str(home)],
        env=environment,
        cwd=home,
        user=nobody.uid,
        group=nobody.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["uid"] == nobody.uid
    assert told["postgres"] // 10_000 == 18
    assert told["opensearch"] == "lodestay"
    assert told["folders"] == [str(home)]
