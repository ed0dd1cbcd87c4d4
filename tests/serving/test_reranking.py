"""What comes after the ranker: diversity with a bounded loss, and a visitor's taste."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from ml.listing_features import SCHEMA
from serving.app import create_app
from serving.search.reranking import MOST_VIEWED, LikeTheLast, Reranking, Spread, Viewed
from tests.serving.conftest import no_cities
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY
from tests.serving.test_search import search

SCORES = st.lists(st.floats(-10, 10), max_size=80)


def listings(*neighbourhoods: str | None) -> pa.Table:
    """Listings by where they are."""
    return pa.Table.from_pylist(
        [{"listing_id": n, "neighbourhood": name} for n, name in enumerate(neighbourhoods)], SCHEMA
    )


@given(SCORES, st.floats(0, 1), st.randoms(use_true_random=False))
def test_spreading_costs_no_place_more_than_allowed(scores: list[float], loss: float, chance: object) -> None:
    """Every candidate is there once, and each place scores at most that much less than the ranker's own order."""
    given_scores = np.array(scores, np.float64)
    names = [["a", "b", None][hash((n, str(chance))) % 3] for n in range(len(scores))]
    order = Spread(loss).order(given_scores, listings(*names))
    assert sorted(order.tolist()) == list(range(len(scores)))
    lost = np.sort(given_scores)[::-1] - given_scores[order]
    spread = float(np.ptp(given_scores)) if scores else 0.0
    assert np.all(lost <= loss * spread + 1e-9)


def test_those_hardly_worse_take_turns() -> None:
    """The second of a quarter makes room for another's that scores nearly as much, and for no far worse one."""
    scores = np.array([1.0, 0.99, 0.98, 0.97, 0.0])
    where = listings("alfama", "alfama", "alfama", "belém", "graça")
    assert Spread(0.05).order(scores, where).tolist() == [0, 3, 1, 2, 4]
    assert Spread(0.001).order(scores, where).tolist() == [0, 1, 2, 3, 4]


def test_a_visit_is_shown_more_of_what_it_looked_at() -> None:
    """A candidate in the quarter looked at gains at most a tenth of the spread; without anything seen nothing moves."""
    scores = np.array([1.0, 0.98, 0.0])
    where = listings("alfama", "belém", "graça")
    taste = Reranking(personaliser=LikeTheLast())

    def taken(rows: Sequence[int]) -> pa.Table:
        return where.take(pa.array(rows, pa.int64()))

    assert taste.order(scores, taken, [0, 1, 2], [1]).tolist() == [1, 0, 2]
    assert taste.order(scores, taken, [0, 1, 2], [2]).tolist() == [0, 1, 2]
    assert taste.order(scores, taken, [0, 1, 2], []).tolist() == [0, 1, 2]
    assert LikeTheLast().bonuses(listings("belém"), where, scores) == pytest.approx([0, 0.1 / 3, 0])


def test_nothing_is_done_unless_settings_say_so(settings: Settings) -> None:
    """Off by default; and the answer names what else ordered it."""
    assert Reranking.of(settings) == Reranking()
    assert Reranking().name("ranking@3") == "ranking@3"
    both = Reranking.of(settings.model_copy(update={"search_spread": 0.1, "search_personal": True}))
    assert both.name("ranking@3") == "ranking@3+personal+spread"


def test_what_visits_looked_at_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of each visit, each once; visits that came first are forgotten first; nobody's is nobody's."""
    viewed = Viewed()
    for listing_id in (*range(40), 39, 38):
        viewed.note("a", listing_id)
    assert viewed.of("a")[-2:] == (39, 38)
    assert len(viewed.of("a")) == len(set(viewed.of("a"))) == MOST_VIEWED
    viewed.note(None, 1)
    monkeypatch.setattr("serving.search.reranking.MOST_VISITS", 3)
    for visit in range(3):
        viewed.note(str(visit), 1)
    assert viewed.of("a") == ()


def test_a_search_uses_them_where_they_are_on(settings: Settings, clock: FixedClock, marketplace: Marketplace) -> None:
    """With both on the same listings come, and the answer says what ordered them; a look at a listing is noted."""
    known = settings.model_copy(update={"search_spread": 0.2, "search_personal": True})
    with TestClient(create_app(known, clock, no_cities)) as client:
        client.get(f"/v1/listings/{marketplace.loft}", headers={"X-Session-ID": "visit-1"})
        assert client.app_state["services"].viewed.of("visit-1") == (marketplace.loft,)
        answer = search(client, **STAY)
    assert answer["ranker"] == "baseline+personal+spread"
    assert len(answer["results"]) == 3
