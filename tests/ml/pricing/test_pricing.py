"""Examples, models and suggestions of prices, on a small market whose prices are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.lake import LISTING_FEATURES, PRICING_EXAMPLES
from ml.listing_features import SCHEMA
from ml.pricing.dataset import CALIBRATE, TEST, TRAIN, NoPrices, Priced, known_task, read_tasks, unseen_task
from ml.pricing.errors import NothingToCompare
from ml.pricing.evaluate import pinball, quality, relative_error
from ml.pricing.examples import EARLY, EXAMPLES, LATE, pricing_examples
from ml.pricing.features import FEATURES, KNOWN_FEATURES, UNSEEN_FEATURES
from ml.pricing.pricer import Pricer
from ml.pricing.run import KNOWN, UNSEEN, train_pricing
from ml.pricing.train import QUANTILES, PriceModel, PriceParameters, rule, train
from ml.registry import Registry
from ml.report import Skipped, TrainingReport
from tests.ml.runs import look_at_run

AS_OF = date(2026, 11, 22)
LISTINGS = 200


def make_market(*, weekend: float, seed: int) -> tuple[pa.Table, pa.Table]:
    """Features and a year of nights: price = 5000 * guests ** 0.7 * weekend uplift * noise of the listing."""
    generator = np.random.default_rng(seed)
    ids = np.arange(1, LISTINGS + 1)
    guests = generator.integers(1, 9, LISTINGS).astype(float)
    base = 5000 * guests**0.7 * np.exp(generator.normal(0, 0.1, LISTINGS))
    columns: dict[str, Any] = {field.name: pa.nulls(LISTINGS, field.type) for field in SCHEMA}
    columns |= {
        "listing_id": ids,
        "room_type": np.where(guests > 3, "entire_home", "private_room"),
        "accommodates": guests,
        "price_minor": base,
        "weekend_uplift": np.full(LISTINGS, weekend),
        "price_variation": np.full(LISTINGS, weekend),
        "comparables_minor": np.full(LISTINGS, np.median(base)),
        "comparables_count": np.full(LISTINGS, LISTINGS - 1.0),
        "comparables_level": np.full(LISTINGS, 3.0),
    }
    features = pa.table(columns).cast(SCHEMA)
    night = np.tile(np.datetime64(AS_OF, "D") + np.arange(-30, 365), LISTINGS)
    is_weekend = np.isin((night.astype(np.int64) + 3) % 7, (4, 5))
    price = np.repeat(base, 395) * np.where(is_weekend, 1 + weekend, 1.0)
    rows = len(night)
    nights = pa.table(
        {
            "listing_id": np.repeat(ids, 395),
            "night": pa.array(night, pa.date32()),
            "price_minor": pa.array(np.round(price).astype(np.int64)),
            "is_free": np.ones(rows, np.bool_),
            "min_stay": pa.array(np.ones(rows), pa.int32()),
            "max_stay": pa.array(np.full(rows, 30), pa.int32()),
        }
    )
    return features, nights


@pytest.fixture(scope="module")
def market() -> tuple[pa.Table, pa.Table]:
    """A market with dear weekends."""
    return make_market(weekend=0.3, seed=3)


@pytest.fixture(scope="module")
def examples(market: tuple[pa.Table, pa.Table]) -> pa.Table:
    """Its sampled nights."""
    return pricing_examples(market[1], as_of=AS_OF, nights_per_listing=80, seed=1)


def test_examples_are_a_sample_in_any_order(market: tuple[pa.Table, pa.Table], examples: pa.Table) -> None:
    """The schema, the size, no past night; shuffled nights give the same sample."""
    assert examples.schema == EXAMPLES
    assert examples.num_rows == pytest.approx(80 * LISTINGS, rel=0.05)
    assert pc.min(examples["lead_days"]).as_py() == 0
    shuffled = market[1].take(np.random.default_rng(1).permutation(market[1].num_rows))
    assert pricing_examples(shuffled, as_of=AS_OF, nights_per_listing=80, seed=1).equals(examples)


def test_own_prices_come_from_earlier_nights_only(market: tuple[pa.Table, pa.Table]) -> None:
    """Doubling every price from the cut on changes no own median below it: nothing leaks from the future."""
    nights = market[1]
    lead = (nights["night"].to_numpy() - np.datetime64(AS_OF)).astype(int)
    price = nights["price_minor"].to_numpy()
    later = nights.set_column(2, "price_minor", pa.array(np.where(lead >= LATE, 2 * price, price)))
    before, after = (pricing_examples(table, as_of=AS_OF, nights_per_listing=40, seed=1) for table in (nights, later))
    assert before["own_median_minor"].equals(after["own_median_minor"])
    assert not before["price_minor"].equals(after["price_minor"])
    known = pc.is_valid(before["own_median_minor"]).to_numpy()
    np.testing.assert_array_equal(known, before["lead_days"].to_numpy() >= EARLY)


def test_unseen_listings_are_held_out_whole(market: tuple[pa.Table, pa.Table], examples: pa.Table) -> None:
    """No listing is in two parts, all parts are there, and a held-out price does not move any anchor."""
    task = unseen_task(examples, market[0], market="m")
    parts = {listing: set(task.part[task.listing_id == listing]) for listing in np.unique(task.listing_id)}
    assert all(len(part) == 1 for part in parts.values())
    assert set(task.part) == {TRAIN, CALIBRATE, TEST}
    held = [listing for listing, part in parts.items() if part == {TEST}]
    dear = np.where(np.isin(market[0]["listing_id"].to_numpy(), held), 1e9, market[0]["price_minor"].to_numpy())
    changed = market[0].set_column(SCHEMA.get_field_index("price_minor"), "price_minor", pa.array(dear))
    np.testing.assert_array_equal(unseen_task(examples, changed, market="m").anchor_minor, task.anchor_minor)


def test_known_listings_are_split_by_time(market: tuple[pa.Table, pa.Table], examples: pa.Table) -> None:
    """Everything judged is later than everything learned."""
    task = known_task(examples, market[0], market="m")
    lead = task.matrix[:, FEATURES.index("lead_days")]
    assert lead[task.part != TEST].max() < LATE <= lead[task.part == TEST].min()


QUICK = PriceParameters(rounds=60, num_threads=1)


def test_models_learn_what_the_rules_cannot(market: tuple[pa.Table, pa.Table], examples: pa.Table) -> None:
    """Size explains unseen prices and weekends explain known ones: both models beat their rule by a fifth and more."""
    for task, columns in (
        (unseen_task(examples, market[0], market="m"), UNSEEN_FEATURES),
        (known_task(examples, market[0], market="m"), KNOWN_FEATURES),
    ):
        judged = task.keep(task.part == TEST)
        errors = {}
        for name, model in (("model", train(task, columns, QUICK)), ("rule", rule(task, columns))):
            prices = model.predict(judged.matrix, judged.anchor_minor)
            assert (np.diff(prices, axis=1) >= 0).all(), "quantiles never cross"
            found = quality(judged, prices, QUANTILES)
            errors[name] = found.relative_mae
            assert 0.6 <= found.coverage <= 1.0
        assert errors["model"] < 0.8 * errors["rule"]


def test_the_rule_is_the_anchor(market: tuple[pa.Table, pa.Table], examples: pa.Table) -> None:
    """The rule as a model suggests exactly the anchor."""
    task = known_task(examples, market[0], market="m")
    prices = rule(task, KNOWN_FEATURES).predict(task.matrix, task.anchor_minor)
    np.testing.assert_allclose(prices[:, 1], task.anchor_minor)


@given(
    actual=st.floats(0, 1e6), predicted=st.floats(0, 1e6), alpha=st.sampled_from([0.1, 0.5, 0.9]), scale=st.floats(1, 9)
)
def test_pinball(*, actual: float, predicted: float, alpha: float, scale: float) -> None:
    """Zero at the price, half the error at the median, and it scales with the unit."""
    loss = pinball(np.array([actual]), np.array([predicted]), alpha)
    assert loss >= 0
    assert pinball(np.array([actual]), np.array([actual]), alpha) == 0
    np.testing.assert_allclose(pinball(scale * np.array([actual]), scale * np.array([predicted]), alpha), scale * loss)
    np.testing.assert_allclose(pinball(np.array([actual]), np.array([predicted]), 0.5), abs(actual - predicted) / 2)


def test_no_currency_outweighs_another(market: tuple[pa.Table, pa.Table], examples: pa.Table) -> None:
    """The same market in a unit a thousand times smaller has the same relative error."""
    task = known_task(examples, market[0], market="m")
    guess = task.anchor_minor
    thousand = replace(task, price_minor=1000 * task.price_minor)
    assert relative_error(task, guess).value == pytest.approx(relative_error(thousand, 1000 * guess).value)


def write_lake(folder: Path, features: pa.Table, examples: pa.Table) -> str:
    """A lake of one market on one day."""
    lake = str(folder / "lake")
    for dataset, table in ((LISTING_FEATURES, features), (PRICING_EXAMPLES, examples)):
        part = Path(dataset.partition(lake, day=AS_OF, market="m"))
        part.mkdir(parents=True)
        pq.write_table(table, part / "part-0.parquet")
    return lake


def promoted(report: TrainingReport | Skipped) -> bool:
    """Whether a model was trained and became the champion."""
    return isinstance(report, TrainingReport) and report.decision.promote


@pytest.fixture(scope="module")
def champions(
    market: tuple[pa.Table, pa.Table],
    examples: pa.Table,
    tmp_path_factory: pytest.TempPathFactory,
    write_market: Callable[..., None],
) -> tuple[Registry, Pricer]:
    """A registry in which both tasks were trained once."""
    folder = tmp_path_factory.mktemp("pricing")
    lake = write_lake(folder, market[0], examples)
    write_market(lake, "m", AS_OF, sources="inside-airbnb", snapshot=date(2023, 9, 23), shift=1092)
    registry = Registry(f"sqlite:///{folder}/mlflow.db", artifacts=f"{folder}/artifacts")
    reports = train_pricing(lake, AS_OF, registry, num_threads=1)
    assert [promoted(report) for report in reports] == [True, True]
    again = train_pricing(lake, AS_OF, registry, num_threads=1)
    assert [promoted(report) for report in again] == [False, False]
    return registry, Pricer.load_champion(registry)


def test_suggestions_know_weekends_and_say_why(
    champions: tuple[Registry, Pricer], market: tuple[pa.Table, pa.Table]
) -> None:
    """A Saturday costs more than a Tuesday, intervals are in order, reasons compare with others."""
    listing = market[0].slice(10, 1)
    own = float(listing["price_minor"][0].as_py())
    nights = [AS_OF + timedelta(days=100 + ahead) for ahead in range(7)]
    suggestions = champions[1].suggest(listing, nights, today=AS_OF, own_median_minor=own)
    by_day = {suggestion.night.weekday(): suggestion for suggestion in suggestions}
    assert by_day[5].suggested_minor > 1.15 * by_day[1].suggested_minor
    assert by_day[1].suggested_minor == pytest.approx(own, rel=0.05)
    for suggestion in suggestions:
        assert suggestion.low_minor <= suggestion.suggested_minor <= suggestion.high_minor
        assert suggestion.market_minor is not None
    assert [reason.code for reason in by_day[5].reasons] == ["own", "comparables", "weekend"]
    assert "Saturday" in by_day[5].reasons[2].sentence


@pytest.mark.parametrize("share", [0.3, 1.0, 2.0])
def test_the_reason_compares_with_the_market_that_is_shown(
    champions: tuple[Registry, Pricer], market: tuple[pa.Table, pa.Table], share: float
) -> None:
    """The sentence about others is the suggestion over the night's own market figure; a gross gap comes first."""
    listing = market[0].slice(10, 1)
    own = share * float(listing["price_minor"][0].as_py())
    nights = [AS_OF + timedelta(days=100 + ahead) for ahead in range(7)]
    for one in champions[1].suggest(listing, nights, today=AS_OF, own_median_minor=own):
        assert one.market_minor is not None
        gap = one.suggested_minor / one.market_minor - 1
        place, reason = next((n, reason) for n, reason in enumerate(one.reasons) if reason.code == "comparables")
        assert reason.effect == pytest.approx(gap, abs=0.001)
        assert f"{abs(reason.effect):.0%}" in reason.sentence or reason.sentence.startswith("About what")
        assert place == (0 if abs(gap) >= 0.3 else 1)


def test_a_price_is_never_sure_to_the_cent(market: tuple[pa.Table, pa.Table]) -> None:
    """Where all quantiles say the same, as of one who never changed a price, the interval keeps a least width."""
    matrix = np.zeros((4, 1))
    flat = lgb.train(
        {"objective": "regression", "verbosity": -1, "num_threads": 1},
        lgb.Dataset(matrix, np.zeros(4), feature_name=["nights"]),
        num_boost_round=1,
    )
    model = PriceModel(dict.fromkeys(QUANTILES, flat), ("nights",), 0.0)
    ((low, middle, high),) = model.predict(matrix[:1], np.array([7_000.0])).tolist()
    assert (round(low), round(middle), round(high)) == (6793, 7000, 7213)


def test_a_new_listing_is_priced_by_its_comparables(
    champions: tuple[Registry, Pricer], market: tuple[pa.Table, pa.Table]
) -> None:
    """Without an own price the market's model alone speaks, near what such places ask."""
    listing = market[0].slice(10, 1)
    (one,) = champions[1].suggest(listing, [AS_OF + timedelta(days=9)], today=AS_OF, own_median_minor=None)
    assert one.suggested_minor == one.market_minor
    assert one.suggested_minor == pytest.approx(listing["price_minor"][0].as_py(), rel=0.35)


def test_without_models_the_rules_serve(market: tuple[pa.Table, pa.Table]) -> None:
    """No champion: the anchor itself with a stated spread; nothing to compare with is an error with a way out."""
    pricer = Pricer(unseen=None, known=None, name="rules")
    listing = market[0].slice(0, 1)
    (one,) = pricer.suggest(listing, [AS_OF], today=AS_OF, own_median_minor=10_000.0)
    assert one.suggested_minor == 10_000
    assert one.low_minor < 10_000 < one.high_minor
    assert pricer.suggest(listing, [], today=AS_OF, own_median_minor=None) == []
    bare = listing.set_column(
        SCHEMA.get_field_index("comparables_minor"), "comparables_minor", pa.nulls(1, pa.float64())
    )
    with pytest.raises(NothingToCompare) as caught:
        pricer.suggest(bare, [AS_OF], today=AS_OF, own_median_minor=None)
    assert "base price" in str(caught.value.hint)


def test_the_registry_tells_the_story(champions: tuple[Registry, Pricer]) -> None:
    """The champion's version carries the card with the rule, the split and the limits."""
    version = champions[0].champion_version(KNOWN)
    assert version is not None
    for sentence in ("own earlier median", "judged on those from day 180", "## Limits", "what hosts **ask**"):
        assert sentence in version.card
    for sentence in (
        "**m**: a snapshot of [Inside Airbnb]",
        "2023-09-23",
        "moved by 1,092 days",
        "80 trees of at most",
    ):
        assert sentence in version.card


def test_mlflow_holds_what_the_guide_says(champions: tuple[Registry, Pricer]) -> None:
    """Each run has its plots, signature, input example, parameters, and data to learn from and to judge on."""
    for name, features in ((UNSEEN, UNSEEN_FEATURES), (KNOWN, KNOWN_FEATURES)):
        version = champions[0].champion_version(name)
        assert version is not None
        logged = look_at_run(champions[0].tracking_uri, version)
        assert logged.figures == {"importance.png", "calibration.png", "coverage.png"}
        assert logged.inputs == features
        assert logged.has_example
        assert logged.parameters["num_leaves"] == "31"
        digests = logged.digests
        assert set(digests) == {
            ("price examples", "training"),
            ("listing features", "training"),
            ("price examples held out", "evaluation"),
        }
        assert digests["price examples", "training"] == digests["price examples held out", "evaluation"]
        assert digests["price examples", "training"] != digests["listing features", "training"]


def test_no_prices_say_what_to_do(tmp_path: Path) -> None:
    """A lake without examples is an error with a hint."""
    with pytest.raises(NoPrices):
        read_tasks(str(tmp_path), AS_OF)


@pytest.mark.parametrize(("nights", "purpose"), [(EARLY - 5, "learn from"), (LATE - 30, "judge on"), (LATE + 30, None)])
def test_a_short_calendar_says_nothing_of_later_nights(
    *, nights: int, purpose: str | None, market: tuple[pa.Table, pa.Table], examples: pa.Table, tmp_path: Path
) -> None:
    """Calendars that end before a cut leave the known task nothing to learn from or judge on; the other has both."""
    near = examples.filter(pc.less(examples["lead_days"], nights))
    unseen, known = read_tasks(write_lake(tmp_path, market[0], near), AS_OF)
    assert (unseen.lacking, known.lacking) == (None, purpose)


def test_a_task_without_nights_is_skipped(
    market: tuple[pa.Table, pa.Table], examples: pa.Table, tmp_path: Path
) -> None:
    """It says why and registers nothing, and the other task is trained all the same."""
    near = examples.filter(pc.less(examples["lead_days"], EARLY - 5))
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db", artifacts=f"{tmp_path}/artifacts")
    unseen, known = train_pricing(write_lake(tmp_path, market[0], near), AS_OF, registry, num_threads=1)
    assert isinstance(unseen, TrainingReport)
    assert isinstance(known, Skipped)
    assert known.model == KNOWN
    assert "is left to learn from" in known.reason
    assert registry.names() == (UNSEEN,)
    assert np.isfinite(list(unseen.metrics.values())).all()


def test_listings_of_one_part_cannot_be_judged(market: tuple[pa.Table, pa.Table], examples: pa.Table) -> None:
    """Where no listing happens to be held out, the unseen task says that there is nothing to judge on."""
    task = unseen_task(examples, market[0], market="m")
    assert task.keep(task.part != TEST).lacking == "judge on"
    assert task.keep(task.part != TRAIN).lacking == "learn from"


def test_a_model_never_looks_past_its_columns(market: tuple[pa.Table, pa.Table], examples: pa.Table) -> None:
    """The model for unseen listings does not change with what a listing asked before."""
    task: Priced = unseen_task(examples, market[0], market="m")
    model: PriceModel = train(task, UNSEEN_FEATURES, QUICK)
    blind = task.matrix.copy()
    blind[:, len(UNSEEN_FEATURES) :] = np.nan
    np.testing.assert_array_equal(
        model.predict(task.matrix, task.anchor_minor), model.predict(blind, task.anchor_minor)
    )


def test_cities_are_made_by_one_reader(city: Callable[..., Any]) -> None:
    """The flat calendar of Antwerp 2024 is seen as flat: the card can say so."""
    place = city("antwerp", "2024-06-29", "EUR")
    assert float(np.nanmax(place.features["price_variation"].to_numpy())) == 0.0
