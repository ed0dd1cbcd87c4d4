"""Price suggestions as serving gives them: a night, a price, an interval, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lodestay.calendar import WEEKEND_NIGHTS
from ml.arrays import Floats, floats
from ml.comparables import LEVELS
from ml.pricing.errors import NothingToCompare
from ml.pricing.features import OwnPrices, pricing_features
from ml.pricing.run import KNOWN, UNSEEN, as_price_model
from ml.pricing.train import PriceModel
from ml.registry import Registry

_BASELINE_SPREAD = 0.2
"""Half-width of the interval, in logs, where no model was trained yet."""
_NOTABLE = 0.03
"""Relative differences below are not worth a sentence."""
_GROSS = 0.3
"""Relative differences from the market above are said before anything else."""
_BUSY = 0.7
"""Share of the next nights taken from which demand is worth a sentence."""


@dataclass(frozen=True, slots=True)
class PriceReason:
    """Why a price is suggested: a stable code, a sentence in English, and the share of the price it speaks of."""

    code: str
    sentence: str
    effect: float


@dataclass(frozen=True, slots=True)
class NightSuggestion:
    """What could be asked for a night; amounts in minor units of the listing's currency.

    Attributes
    ----------
    low_minor, suggested_minor, high_minor
        About 80 % of such nights are asked for between low and high.
    market_minor
        What a listing like this without a price history would ask; None where nothing can be compared.
    reasons
        At most three, the most telling first.
    """

    night: date
    low_minor: int
    suggested_minor: int
    high_minor: int
    market_minor: int | None
    reasons: tuple[PriceReason, ...]


class Pricer:
    """Both price models, or their rules where none was trained yet.

    Parameters
    ----------
    unseen, known
        Models of the two tasks.
    name
        How they are called in answers.
    """

    def __init__(self, *, unseen: PriceModel | None, known: PriceModel | None, name: str) -> None:
        self.name = name
        self._unseen, self._known = unseen, known

    @classmethod
    def load_champion(cls, registry: Registry) -> Pricer:
        """The champions of both tasks; a task without one falls back to its rule."""
        models = {name: registry.champion(name) for name in (UNSEEN, KNOWN)}
        versions = [f"{name}@{model.version.version}" if model else f"{name}@rule" for name, model in models.items()]
        unseen, known = (as_price_model(model) if model else None for model in models.values())
        return cls(unseen=unseen, known=known, name=" ".join(versions))

    def suggest(
        self, listing: pa.Table, nights: Sequence[date], *, today: date, own_median_minor: float | None
    ) -> list[NightSuggestion]:
        """Suggest a price for each night.

        Parameters
        ----------
        listing
            One row of `ml.listing_features.SCHEMA`.
        own_median_minor
            Median of what the listing asks for its known nights; None or NaN for a new one, which is then
            priced by its comparables alone.

        Raises
        ------
        NothingToCompare
            There is neither an own price nor a comparable listing.
        """
        if not nights:
            return []
        own = np.nan if own_median_minor is None else float(own_median_minor)
        compared = float(floats(listing, "comparables_minor")[0])
        if not own > 0 and not compared > 0:
            raise NothingToCompare(
                "There is no price to start from: neither of this listing nor of comparable ones.",
                hint="Set a base price; suggestions follow once comparable listings have prices.",
            )
        matrix = _matrix(listing, nights, today=today, own=own, compared=compared)
        market = _predict(self._unseen, matrix, compared) if compared > 0 else None
        prices = _predict(self._known, matrix, own) if own > 0 else market
        assert prices is not None  # noqa: S101 - one of the two anchors is there, as checked above
        middle = prices[:, 1]
        return [
            NightSuggestion(
                night=night,
                low_minor=round(prices[row, 0]),
                suggested_minor=round(middle[row]),
                high_minor=round(prices[row, 2]),
                market_minor=None if market is None else round(market[row, 1]),
                reasons=_reasons(
                    listing,
                    night,
                    price=middle[row],
                    usual=float(np.median(middle)),
                    own=own,
                    market=None if market is None else float(market[row, 1]),
                ),
            )
            for row, night in enumerate(nights)
        ]


def _matrix(
    listing: pa.Table, nights: Sequence[date], *, today: date, own: float, compared: float
) -> NDArray[np.float64]:
    count = len(nights)
    dates = np.array(nights, dtype="datetime64[D]")
    repeated = listing.take(np.zeros(count, np.int64))
    seen = own > 0
    return pricing_features(
        repeated,
        dates,
        lead_days=(dates - np.datetime64(today, "D")).astype(np.float64),
        comparables_minor=np.full(count, compared),
        own=OwnPrices(
            np.full(count, own),
            floats(repeated, "weekend_uplift") if seen else np.full(count, np.nan),
            floats(repeated, "price_variation") if seen else np.full(count, np.nan),
        ),
    )


def _predict(model: PriceModel | None, matrix: NDArray[np.float64], anchor: float) -> NDArray[np.float64]:
    anchors: Floats = np.full(len(matrix), anchor)
    if model is not None:
        return model.predict(matrix, anchors)
    return anchors[:, None] * np.exp([-_BASELINE_SPREAD, 0.0, _BASELINE_SPREAD])


def _reasons(
    listing: pa.Table, night: date, *, price: float, usual: float, own: float, market: float | None
) -> tuple[PriceReason, ...]:
    """Where the price comes from, against comparables on that night, and what is special about the night."""
    row = listing.to_pylist()[0]
    reasons = []
    if own > 0:
        reasons.append(PriceReason("own", "Starts from what you ask for other nights", price / own - 1))
    if market is not None:
        gap = price / market - 1
        place = f", by {LEVELS[int(row['comparables_level'])]}" if row["comparables_level"] is not None else ""
        how = "About what" if abs(gap) < _NOTABLE else f"{abs(gap):.0%} {'above' if gap > 0 else 'below'} what"
        sentence = f"{how} others would ask, going by {int(row['comparables_count'])} comparable listings{place}"
        reason = PriceReason("comparables", sentence, gap)
        reasons.insert(0 if abs(gap) >= _GROSS else len(reasons), reason)
    lift = price / usual - 1
    if abs(lift) >= _NOTABLE:
        kind = "weekend" if night.weekday() in WEEKEND_NIGHTS else "night"
        sentence = f"{abs(lift):.0%} {'above' if lift > 0 else 'below'} the other nights asked for: {night:%A} {kind}"
        reasons.append(PriceReason(kind, sentence.replace("night night", "night"), lift))
    if row["occupancy_90"] is not None and row["occupancy_90"] >= _BUSY:
        sentence = f"{row['occupancy_90']:.0%} of your next 90 nights are taken"
        reasons.append(PriceReason("demand", sentence, row["occupancy_90"]))
    return tuple(reasons[:3])
