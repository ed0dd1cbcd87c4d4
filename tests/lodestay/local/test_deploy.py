"""The files for containers and for other machines: read here, since nothing here can run them."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from lodestay.local.artifacts import artifact
from lodestay.local.catalogue import SERVICES
from lodestay.settings import PROJECT_ROOT, Settings


@pytest.fixture(scope="module")
def compose() -> Any:
    """The compose file, anchors resolved."""
    return yaml.safe_load((PROJECT_ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))


def test_every_local_service_has_its_container(compose: Any) -> None:
    """Containers and `lodestay up` run the same parts."""
    assert {service.name for service in SERVICES} <= compose["services"].keys()


def test_every_container_that_stays_up_has_a_health_check(compose: Any) -> None:
    """`up --wait` can tell when each is ready; the one that runs once is waited for by its success."""
    for name, service in compose["services"].items():
        assert service["healthcheck"].get("test") or (name == "migrate" and service["healthcheck"]["disable"])


def test_what_is_waited_for_exists(compose: Any) -> None:
    """Every dependency names a service, and asks for health only where health is checked."""
    services = compose["services"]
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            assert (how["condition"] == "service_healthy") == ("test" in services[needed]["healthcheck"])


def test_every_setting_in_it_is_one(compose: Any) -> None:
    """A variable that no setting reads would be silently ignored."""
    names = {f"LODESTAY_{name.upper()}" for name in Settings.model_fields}
    for service in compose["services"].values():
        given = {name for name in service.get("environment", {}) if name.startswith("LODESTAY_")}
        assert given <= names


def test_only_user_interfaces_are_published_and_only_on_the_loopback(compose: Any) -> None:
    """Databases and Spark Connect, which runs any code, are reached from inside alone."""
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published.keys() == {"mlflow", "api", "dagster"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_no_secret_has_a_default(compose: Any) -> None:
    """Whoever forgets a secret is told so instead of getting a known one."""
    text = yaml.safe_dump(compose)
    secrets = re.findall(r"\$\{(\w+)(:\?)?", text)
    own = {f"LODESTAY_{name}" for name in ("TOKEN_SECRET", "MASKING_SECRET", "PROCESSOR_KEY", "WEBHOOK_SECRET")}
    assert {name for name, _ in secrets} == {"POSTGRES_PASSWORD", *own}
    assert all(required for _, required in secrets)


def test_versions_are_those_that_are_tested(compose: Any) -> None:
    """The images carry the versions that the embedded services run."""
    assert compose["services"]["opensearch"]["image"].endswith(f":{artifact('opensearch').version}")
    dockerfile = (PROJECT_ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    driver = artifact("postgresql")
    assert driver.sha256 in dockerfile
    assert f"postgresql-{driver.version}.jar" in dockerfile


def test_prerequisites_are_checked_before_anything_is_installed() -> None:
    """The check runs on a Python without any package."""
    command = [sys.executable, "-S", "-m", "lodestay.local.prerequisites"]
    answer = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert answer.stderr == ""
    assert answer.returncode in {0, 1}


def test_make_help_lists_every_task() -> None:
    """Whoever types `make` sees what there is."""
    text = subprocess.run(["make"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout
    tasks = [
        "install",
        "demo",
        "up",
        "down",
        "status",
        "clean",
        "doctor",
        "test",
        "lint",
        "format",
        "docs",
        "bench",
        "lock",
    ]
    assert [task for task in tasks if f" {task}" not in re.sub(r"\x1b\[\d+m", " ", text)] == []


def test_the_ci_script_is_valid_bash() -> None:
    """A syntax error would only show on the machine that runs it."""
    subprocess.run(["bash", "-n", ".ci/run"], cwd=PROJECT_ROOT, check=True)
