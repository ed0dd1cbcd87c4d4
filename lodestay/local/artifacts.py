"""Fetches what comes from Maven Central: the parts pinned in ``artifacts.pom.xml``.

Every checkout of a machine shares one folder of downloads (``LODESTAY_CACHE``). A part enters it under
its own name only when it is whole and its SHA-256 is the pinned one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree as ET

from lodestay.local.account import Account, may_enter, service_account
from lodestay.local.errors import DownloadFailed, PrerequisiteMissing
from lodestay.local.java import find_java
from lodestay.local.locks import locked
from lodestay.local.options import local_options
from lodestay.local.prerequisites import MAVEN_HOW_TO_GET

_POM = Path(__file__).with_name("artifacts.pom.xml")
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_DOWNLOAD_SECONDS = 1200


@dataclass(frozen=True)
class Artifact:
    """One pinned part."""

    group: str
    name: str
    version: str
    kind: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name as Maven writes it."""
        return f"{self.name}-{self.version}.{self.kind}"

    @property
    def coordinates(self) -> str:
        """``group:name:version:kind``."""
        return f"{self.group}:{self.name}:{self.version}:{self.kind}"


@lru_cache
def artifact(name: str) -> Artifact:
    """The pinned part of that name."""
    project = ET.parse(_POM).getroot()  # noqa: S314 - our own file
    namespace = {"m": "http://maven.apache.org/POM/4.0.0"}
    for entry in project.iterfind("m:dependencies/m:dependency", namespace):
        fields = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in entry}
        if fields["artifactId"] == name:
            checksum = project.findtext(f"m:properties/m:sha256.{name}", None, namespace)
            if checksum is None:
                break
            return Artifact(fields["groupId"], name, fields["version"], fields["type"], checksum.strip())
    raise LookupError(f"{name} is not pinned, with its checksum, in {_POM}")


def cache_folder(account: Account | None) -> Path:
    """Folder of downloads that every checkout shares and the account of the services can read."""
    chosen = local_options().cache
    folder = (chosen or Path("~/.cache/lodestay")).expanduser()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    if may_enter(folder, account):
        return folder
    if chosen is not None and account is not None:
        raise DownloadFailed(
            f"The account {account.name} cannot enter LODESTAY_CACHE={chosen}.",
            hint="Choose a folder that it may enter, or unset LODESTAY_CACHE.",
        )
    folder = Path("/var/cache/lodestay")  # ~/.cache of root is closed to others
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    return folder


def fetch(part: Artifact, cache: Path, *, report: Callable[[str], None]) -> Path:
    """Path of a part in the cache, downloaded and checked if it is not there.

    Raises
    ------
    PrerequisiteMissing
        Maven is not installed.
    DownloadFailed
        Maven could not fetch it, or its bytes are not the pinned ones.
    """
    target = cache / part.file_name
    if target.exists():
        return target
    with locked(cache / ".lock", patience=_DOWNLOAD_SECONDS):
        if not target.exists():
            _clear_half_downloads(cache)
            report(f"downloading {part.file_name}")
            with tempfile.TemporaryDirectory(prefix=".download-", dir=cache) as folder:
                half = Path(folder) / part.file_name
                _copy_with_maven(part, half.parent)
                _require_checksum(part, half)
                half.chmod(0o644)
                half.rename(target)
    return target


def postgresql_jdbc(report: Callable[[str], None] = lambda _text: None) -> Path:
    """PostgreSQL's JDBC driver: how Spark reads the database."""
    return fetch(artifact("postgresql"), cache_folder(service_account()), report=report)


def _clear_half_downloads(cache: Path) -> None:
    for folder in cache.glob(".download-*"):  # of a process that was killed: we hold the lock, nobody is at it
        shutil.rmtree(folder, ignore_errors=True)


def _copy_with_maven(part: Artifact, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise PrerequisiteMissing("Maven, which fetches OpenSearch, is not installed.", hint=MAVEN_HOW_TO_GET)
    java = find_java(os.environ, usable=lambda _home: True)
    command = [maven, "-B", "-q", _COPY, f"-Dartifact={part.coordinates}", f"-DoutputDirectory={folder}"]
    try:
        subprocess.run(  # noqa: S603 - our own coordinates
            command,
            cwd=folder,
            env={**os.environ, "JAVA_HOME": str(java.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_DOWNLOAD_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise DownloadFailed(f"Maven could not fetch {part.coordinates}.", hint=error.stdout[-1500:].strip()) from error
    except subprocess.TimeoutExpired as error:
        raise DownloadFailed(f"Maven took too long over {part.coordinates}.", hint="Run the command again.") from error


def _require_checksum(part: Artifact, path: Path) -> None:
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != part.sha256:
        local = f"~/.m2/repository/{part.group.replace('.', '/')}/{part.name}/{part.version}"
        raise DownloadFailed(
            f"{part.file_name} arrived with SHA-256 {actual}, pinned is {part.sha256}.",
            hint=f"Remove {local} (Maven's own copy) and run the command again.",
        )
