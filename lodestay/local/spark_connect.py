"""One Spark Connect server, so that a job opens a session in 1.5 s instead of starting a JVM of its own.

Its address carries a token: without one, every account of the machine could run code as us.
"""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from lodestay.local.artifacts import postgresql_jdbc
from lodestay.local.errors import PrerequisiteMissing
from lodestay.local.java import find_java
from lodestay.local.options import local_options
from lodestay.local.ports import LOOPBACK
from lodestay.local.process import Launch
from lodestay.local.python_service import caller_environment
from lodestay.local.service import Service, Site
from lodestay.settings import generated_secret

_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
_ONLY_FOR_CLIENTS = ("SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "SPARK_HOME")


class SparkConnect(Service):
    """The engine of the batch jobs."""

    name: ClassVar[str] = "spark"
    title: ClassVar[str] = "Spark Connect 4.3"
    variable: ClassVar[str | None] = "LODESTAY_SPARK_REMOTE"
    patience: ClassVar[float] = 120.0

    def launch(self, site: Site) -> Launch:
        """Say how to start the server that the package pyspark carries."""
        spark = _spark_home()
        java = find_java(os.environ, usable=lambda _home: True)
        work = site.home / "spark"
        work.mkdir(parents=True, exist_ok=True)
        options = local_options()
        configuration = {
            "spark.connect.grpc.binding.address": LOOPBACK,
            "spark.connect.grpc.binding.port": str(site.port),
            "spark.driver.bindAddress": LOOPBACK,
            "spark.driver.host": LOOPBACK,
            # Instants mean the same on every machine, in the JVM's own conversions too.
            "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC {options.spark_java}".rstrip(),
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
            "spark.sql.warehouse.dir": (work / "warehouse").as_uri(),
            "spark.log.level": "WARN",
        }
        arguments = [
            *("--class", _SERVER, "--name", "Lodestay Spark Connect", "--master", f"local[{options.spark_threads}]"),
            *("--driver-memory", options.spark_memory, "--driver-class-path", str(postgresql_jdbc(site.report))),
        ]
        for name, value in configuration.items():
            arguments += ["--conf", f"{name}={value}"]
        inherited = {name: value for name, value in caller_environment().items() if name not in _ONLY_FOR_CLIENTS}
        return Launch(
            command=(str(spark / "bin" / "spark-submit"), *arguments, "spark-internal"),
            environment={
                **inherited,
                "LODESTAY_HOME": str(site.home),
                "JAVA_HOME": str(java.home),
                "SPARK_HOME": str(spark),
                "SPARK_CONNECT_MODE": "0",
                "SPARK_LOCAL_DIRS": str(work / "tmp"),
                "SPARK_CONNECT_AUTHENTICATE_TOKEN": _token(site),
                # Workers run this very Python, whatever `python3` is on the path.
                "PYSPARK_PYTHON": sys.executable,
                "PYSPARK_DRIVER_PYTHON": sys.executable,
            },
            folder=work,
            account=None,
        )

    def address(self, site: Site) -> str:
        """Connection string, token included; PySpark sends a token unencrypted to `localhost` alone."""
        return f"sc://localhost:{site.port}/;token={_token(site)}"

    def silence(self, address: str) -> str | None:
        """None when the server takes connections: it listens once its session is up."""
        parts = urlsplit(address)
        try:
            socket.create_connection((parts.hostname or LOOPBACK, parts.port or 15002), timeout=2).close()
        except OSError as error:
            return str(error)
        return None


def _spark_home() -> Path:
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise PrerequisiteMissing(
            "The package pyspark is not installed.", hint="Install the extra `pipelines`: make install"
        )
    return Path(spec.origin).parent


def _token(site: Site) -> str:
    return generated_secret(site.home, "spark_token")
