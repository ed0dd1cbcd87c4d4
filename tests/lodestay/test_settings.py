"""Where settings come from, and what production refuses."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from lodestay.errors import SetupIncomplete
from lodestay.settings import Environment, Settings, endpoints_file


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the surroundings."""
    for name in ("LODESTAY_ENVIRONMENT", "LODESTAY_HOME", "LODESTAY_DATABASE_URL", "LODESTAY_LAKE_URI"):
        monkeypatch.delenv(name, raising=False)


def test_the_environment_goes_before_the_endpoints_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outside service named in the environment hides the embedded one that `lodestay up` wrote down."""
    endpoints = endpoints_file(tmp_path)
    endpoints.parent.mkdir(parents=True)
    endpoints.write_text("LODESTAY_DATABASE_URL=postgresql://embedded/x\n", encoding="utf-8")
    assert Settings(_env_file=endpoints).require_database_url() == "postgresql://embedded/x"
    monkeypatch.setenv("LODESTAY_DATABASE_URL", "postgresql://outside/x")
    assert Settings(_env_file=endpoints).require_database_url() == "postgresql://outside/x"


def test_an_unknown_address_says_how_to_get_one() -> None:
    """Both ways are named: start it, or set it."""
    with pytest.raises(SetupIncomplete) as caught:
        Settings().require_database_url()
    assert "lodestay up" in str(caught.value.hint)
    assert "LODESTAY_DATABASE_URL" in str(caught.value.hint)


def test_a_generated_secret_stays_and_is_its_owners_alone(tmp_path: Path) -> None:
    """Two processes sign with the same key, which nobody else can read."""
    first, second = Settings(home=tmp_path).signing_key(), Settings(home=tmp_path).signing_key()
    assert first == second
    assert stat.S_IMODE((tmp_path / "secrets" / "token_secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("secret", [None, SecretStr("short")], ids=["missing", "short"])
def test_production_refuses_secrets_that_are_none(tmp_path: Path, secret: SecretStr | None) -> None:
    """Neither a generated nor a guessable key signs tokens in production."""
    settings = Settings(environment=Environment.PRODUCTION, home=tmp_path, token_secret=secret)
    with pytest.raises(SetupIncomplete, match="token_secret"):
        settings.signing_key()


def test_a_relative_lake_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Spark, DuckDB and the services run in different folders and must mean the same lake."""
    monkeypatch.chdir(tmp_path)
    assert Settings(lake_uri="lake/").lake == str(tmp_path / "lake")
    assert Settings(lake_uri="s3://bucket/lake/").lake == "s3://bucket/lake"
