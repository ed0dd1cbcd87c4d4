"""An embedded OpenSearch node, with the k-NN and neural-search plugins.

One unpacked installation in the shared cache serves every checkout and is only read; a node's
configuration, data and logs are its home's own.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from lodestay.local.account import Account, may_enter, open_to_others, owned_folder
from lodestay.local.artifacts import artifact, cache_folder, fetch
from lodestay.local.errors import DownloadFailed
from lodestay.local.java import Java, find_java
from lodestay.local.locks import locked
from lodestay.local.options import local_options
from lodestay.local.ports import LOOPBACK
from lodestay.local.process import Launch
from lodestay.local.service import Service, Site
from lodestay.local.web import ask

_SERVER = "opensearch"
# The k-NN zip has no native libraries: every knn_vector must say "engine": "lucene".
_PLUGINS = ("opensearch-knn", "neural-search")


class OpenSearch(Service):
    """The search index."""

    name: ClassVar[str] = "opensearch"
    title: ClassVar[str] = "OpenSearch 3.6"
    variable: ClassVar[str | None] = "LODESTAY_OPENSEARCH_URL"
    patience: ClassVar[float] = 180.0
    grace: ClassVar[float] = 60.0

    def launch(self, site: Site) -> Launch:
        """Fetch and unpack the server if it is not there, write the node's configuration, say how to start it."""
        java = find_java(os.environ, usable=partial(may_enter, account=site.account))
        installation = install(cache_folder(site.account), java=java, report=site.report)
        node = owned_folder(site.ground / "opensearch", site.account)
        for folder in ("config", "config/jvm.options.d", "data", "logs", "tmp"):
            owned_folder(node / folder, site.account)
        _configure(node, installation, port=site.port, account=site.account)
        heap = local_options().opensearch_heap
        environment = {
            "PATH": os.defpath,
            "HOME": str(node),
            "LC_ALL": "C.UTF-8",
            "OPENSEARCH_JAVA_HOME": str(java.home),
            "OPENSEARCH_PATH_CONF": str(node / "config"),
            "OPENSEARCH_JAVA_OPTS": f"-Xms{heap} -Xmx{heap}",
        }
        if " " not in str(node):  # the launcher splits its options at blanks; without this it uses /tmp
            environment["OPENSEARCH_TMPDIR"] = str(node / "tmp")
        return Launch(
            command=(str(installation / "bin" / "opensearch"),),
            environment=environment,
            folder=node,
            account=site.account,
        )

    def address(self, site: Site) -> str:
        """Its HTTP address on the loopback."""
        return f"http://{LOOPBACK}:{site.port}"

    def silence(self, address: str) -> str | None:
        """None when the node answers and every index is recovered."""
        body, why = ask(f"{address.rstrip('/')}/_cluster/health")
        if body is None:
            return why
        return "its indexes are not recovered" if json.loads(body)["status"] == "red" else None


def install(cache: Path, *, java: Java, report: Callable[[str], None]) -> Path:
    """The unpacked server with its plugins, made in the cache if it is not there."""
    server, plugins = artifact(_SERVER), [artifact(name) for name in _PLUGINS]
    target = cache / f"{server.name}-{server.version}-{'-'.join(plugin.sha256[:8] for plugin in plugins)}"
    if target.exists():
        return target
    archives = [fetch(part, cache, report=report) for part in (server, *plugins)]
    with locked(cache / ".lock", patience=600):
        if not target.exists():
            for left_over in cache.glob(".unpacking-*"):  # of a process that was killed while we did not hold the lock
                shutil.rmtree(left_over, ignore_errors=True)
            report("unpacking OpenSearch and its plugins")
            with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=cache) as folder:
                half = _unpack(archives[0], Path(folder))
                _install_plugins(half, archives[1:], java=java)
                open_to_others(half)
                half.rename(target)
    return target


def _unpack(archive: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(archive) as content:
            for entry in content.infolist():
                path = Path(content.extract(entry, folder))
                if entry.external_attr >> 16 & stat.S_IXUSR:  # zipfile does not restore what may be run
                    path.chmod(0o755)
    except zipfile.BadZipFile as error:
        raise DownloadFailed(f"{archive} is damaged.", hint=f"Remove {archive} and run the command again.") from error
    (unpacked,) = folder.iterdir()
    return unpacked


def _install_plugins(home: Path, archives: list[Path], *, java: Java) -> None:
    command = [str(home / "bin/opensearch-plugin"), "install", "--batch", *(archive.as_uri() for archive in archives)]
    environment = {"PATH": os.defpath, "OPENSEARCH_JAVA_HOME": str(java.home), "LC_ALL": "C.UTF-8"}
    try:
        subprocess.run(  # noqa: S603 - our own command
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=True
        )
    except subprocess.CalledProcessError as error:
        output = f"{error.stdout}\n{error.stderr}".strip()
        raise DownloadFailed("OpenSearch refused its plugins.", hint=output) from error


def _configure(node: Path, installation: Path, *, port: int, account: Account | None) -> None:
    config = node / "config"
    settings = {
        "cluster.name": "lodestay",
        "node.name": "lodestay",
        "discovery.type": "single-node",
        "network.host": LOOPBACK,
        "http.port": port,
        "transport.port": 0,
        "path.data": str(node / "data"),
        "path.logs": str(node / "logs"),
        # A laptop's disk is fuller than a server's: without this, indexes turn read-only at 95 %.
        "cluster.routing.allocation.disk.threshold_enabled": False,
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in settings.items()]  # JSON scalars are YAML
    _write(config / "opensearch.yml", "\n".join(lines) + "\n", account)
    _write(config / "log4j2.properties", (installation / "config/log4j2.properties").read_text("utf-8"), account)
    _write(config / "jvm.options", _jvm_options((installation / "config/jvm.options").read_text("utf-8")), account)


def _jvm_options(shipped: str) -> str:
    """The shipped options, without logs and dumps written beside the (read-only) installation."""
    dropped = ("logs/", "HeapDump")
    kept = [line for line in shipped.splitlines() if not any(word in line for word in dropped)]
    # Java 25 is not stable under this version's default of compact object headers.
    return "\n".join([*kept, "-XX:+ExitOnOutOfMemoryError", "25:-XX:-UseCompactObjectHeaders", ""])


def _write(path: Path, text: str, account: Account | None) -> None:
    path.unlink(missing_ok=True)  # never follow a link that the service's account may have put there
    path.write_text(text, encoding="utf-8")
    if account is not None:
        os.chown(path, account.uid, account.gid)
