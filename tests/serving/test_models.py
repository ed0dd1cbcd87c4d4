"""Models in memory: taken up without a restart, kept where a newer one is broken."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import lightgbm as lgb
import numpy as np
import psycopg
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.lake import LISTING_FEATURES
from lodestay.settings import Settings
from ml.listing_features import SCHEMA
from ml.ranking.features import FEATURES
from ml.registry import MAIN, Candidate, Registry
from search.places import Place
from serving import models
from serving.app import create_app
from serving.search.gazetteer import own_places
from tests.serving.conftest import no_cities
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn
from tests.serving.test_search import search

pytestmark = pytest.mark.slow


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An empty registry of this test's own."""
    return Registry(f"sqlite:///{tmp_path}/mlflow.db", artifacts=f"{tmp_path}/artifacts")


@pytest.fixture
def client(settings: Settings, registry: Registry, clock: FixedClock, marketplace: Marketplace) -> Iterator[TestClient]:
    """An application that reads the registry."""
    with TestClient(
        create_app(settings.model_copy(update={"mlflow_tracking_uri": registry.tracking_uri}), clock, no_cities)
    ) as client:
        yield client


def promote(registry: Registry, features: tuple[str, ...]) -> None:
    """Make a tiny ranker the champion: the dearer, the better."""
    generator = np.random.default_rng(1)
    matrix = generator.random((400, len(features)))
    booster = lgb.train(
        {"objective": "regression", "verbosity": -1, "num_threads": 1, "num_leaves": 8},
        lgb.Dataset(matrix, matrix[:, features.index("price_rank")], feature_name=list(features)),
        num_boost_round=20,
    )
    candidate = Candidate(
        name="ranking",
        boosters={MAIN: booster},
        features=features,
        example=matrix[:2],
        parameters={},
        metrics={},
        lineage=(),
        figures={},
        card="# For tests",
    )
    registry.promote(registry.log(candidate), reasons=("The test says so.",))


def test_a_new_champion_ranks_without_a_restart_and_a_broken_one_does_not(
    client: TestClient, registry: Registry, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """The alias moves, a look later it ranks; a champion that cannot be used leaves the one before in place."""
    before = search(client, **STAY)
    assert before["ranker"] == "baseline"
    assert not any("not loaded" in words for words in before["degraded"] if "model" in words)  # nothing has beaten it
    promote(registry, FEATURES)
    assert client.post("/v1/admin/reload", headers=signed_in(marketplace.admin)).status_code == 200
    answer = search(client, **STAY)
    assert answer["ranker"] == "ranking@1"
    assert answer["results"][0]["listing_id"] == marketplace.house_of_other_host
    assert not any("ranking model" in words for words in answer["degraded"])
    promote(registry, ("price_rank", "a_feature_that_nobody_knows"))
    client.post("/v1/admin/reload", headers=signed_in(marketplace.admin))
    assert search(client, **STAY)["ranker"] == "ranking@1"


def test_a_first_champion_that_cannot_be_used_is_said(
    client: TestClient, registry: Registry, marketplace: Marketplace, signed_in: SignIn
) -> None:
    """The baseline serves because the champion is broken: not by choice, and the answer says so."""
    promote(registry, ("price_rank", "a_feature_that_nobody_knows"))
    client.post("/v1/admin/reload", headers=signed_in(marketplace.admin))
    answer = search(client, **STAY)
    assert answer["ranker"] == "baseline"
    assert any("ranking model not loaded" in words for words in answer["degraded"])


def test_a_champion_whose_files_are_away_is_taken_up_when_they_are_back(
    client: TestClient, registry: Registry, marketplace: Marketplace, signed_in: SignIn, tmp_path: Path
) -> None:
    """An empty artifact store holds nobody up: what is looked for is answered, and loaded once it can be."""
    promote(registry, FEATURES)
    store, away = tmp_path / "artifacts", tmp_path / "away"
    store.rename(away)
    for file in sorted(away.rglob("*")):
        if file.is_dir():
            (store / file.relative_to(away)).mkdir(parents=True)
    client.post("/v1/admin/reload", headers=signed_in(marketplace.admin)).raise_for_status()
    assert search(client, **STAY)["ranker"] == "baseline"
    shutil.rmtree(store)
    away.rename(store)
    client.post("/v1/admin/reload", headers=signed_in(marketplace.admin)).raise_for_status()
    assert search(client, **STAY)["ranker"] == "ranking@1"


def test_a_part_that_ends_an_iterator_holds_nobody_up(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No future can be given StopIteration: raised in a thread it had every later look wait for ever."""
    monkeypatch.setattr(models.ModelShelf, "_load_ranker", lambda _: next(iter(())))
    client.post("/v1/admin/reload", headers=signed_in(marketplace.admin)).raise_for_status()
    assert search(client, **STAY)["ranker"] == "baseline"


def test_new_features_are_taken_up(
    client: TestClient, marketplace: Marketplace, settings: Settings, clock: FixedClock, signed_in: SignIn
) -> None:
    """A partition that a run has written is in memory after the next look."""
    folder = Path(LISTING_FEATURES.partition(settings.lake, day=clock.now().date(), market="lisbon"))
    folder.mkdir(parents=True)
    rows = [{"listing_id": marketplace.loft}]
    table = SCHEMA.empty_table().from_pylist(rows, schema=SCHEMA)
    pq.write_table(table, folder / "part-0.parquet")
    loaded = client.post("/v1/admin/reload", headers=signed_in(marketplace.admin)).json()
    parts = {part["name"]: part["detail"] for part in loaded["models"]}
    assert parts["listing features"] == "1 listings"
    assert "lodestay_ranking_listings 1.0" in client.get("/metrics").text


def test_listings_are_gone_over_for_new_places_alone(
    client: TestClient,
    marketplace: Marketplace,
    settings: Settings,
    signed_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where places lie is asked again where one has a new name, and when an hour has gone by; at no other look."""
    asked: list[int] = []

    async def counted(session: AsyncSession) -> tuple[Place, ...]:
        asked.append(len(asked))
        return await own_places(session)

    def look() -> int:
        client.post("/v1/admin/reload", headers=signed_in(marketplace.admin)).raise_for_status()
        return len(asked)

    monkeypatch.setattr(models, "own_places", counted)
    assert look() == 0
    with psycopg.connect(settings.require_database_url(), autocommit=True) as connection:
        connection.execute("INSERT INTO neighbourhoods (market_key, name) VALUES ('lisbon', 'Xabregas')")
    assert look() == 1
    assert look() == 1
    monkeypatch.setattr(models, "PLACES_KEPT_SECONDS", 0.0)
    assert look() == 2
