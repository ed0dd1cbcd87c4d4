"""Settings of the embedded services alone; the platform's own are in :mod:`lodestay.settings`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalOptions(BaseSettings):
    """How services run on this machine (``LODESTAY_…``). Build with :func:`local_options`."""

    model_config = SettingsConfigDict(env_prefix="LODESTAY_", frozen=True, extra="ignore")

    cache: Path | None = Field(None, description="Downloads shared by all checkouts; default: ~/.cache/lodestay.")
    java_home: Path | None = Field(None, description="A JDK 21 or newer; default: the newest that is found.")
    service_user: str = Field("nobody", description="Account of PostgreSQL and OpenSearch when root starts them.")
    opensearch_heap: str = Field("1g", pattern=r"^\d+[kmgKMG]$", description="Java heap of the OpenSearch node.")
    spark_memory: str = Field("2g", pattern=r"^\d+[kmgKMG]$", description="Java heap of the Spark driver.")
    spark_java: str = Field(
        "-XX:TieredStopAtLevel=1 -XX:+UseParallelGC",
        description="Options of the Spark Connect server's JVM. The default suits jobs of a minute on a few cores: "
        "no second compiler, which there works longer than the code it makes. A large lake wants it: set this empty.",
    )
    spark_threads: int = Field(2, ge=1, description="Tasks that Spark runs at the same time.")


@lru_cache
def local_options() -> LocalOptions:
    """Read the options of this process (once)."""
    return LocalOptions()
