"""The command about the index."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from lodestay.settings import get_settings
from search.cli import app
from search.errors import SearchUnavailable
from tests.search.conftest import IndexedMarketplace


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    """Let each test read the settings anew."""
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.opensearch
def test_status(monkeypatch: pytest.MonkeyPatch, opensearch_url: str, marketplace: IndexedMarketplace) -> None:
    """The index in service is shown with its size, for people and for programs."""
    monkeypatch.setenv("LODESTAY_OPENSEARCH_URL", opensearch_url)
    monkeypatch.setenv("LODESTAY_INDEX_ALIAS", marketplace.alias)
    (found,) = json.loads(CliRunner().invoke(app, ["index", "status", "--json"]).stdout)
    assert (found["in_service"], found["documents"]) == (True, len(marketplace.documents))
    shown = CliRunner().invoke(app, ["index", "status"]).stdout
    assert "in service" in shown
    assert str(len(marketplace.documents)) in shown


def test_no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that is down is named, with what to do."""
    monkeypatch.setenv("LODESTAY_OPENSEARCH_URL", "http://127.0.0.1:9")
    failed = CliRunner().invoke(app, ["index", "status"])
    assert isinstance(failed.exception, SearchUnavailable)
    assert failed.exception.hint
