"""How good suggested prices are: error, quantile loss, and whether intervals hold what they promise.

Listings are the independent units: nights of one listing err together. Errors of several markets are made
comparable by the mean price of each market, so no currency outweighs another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats, group_count, group_mean, group_sum
from ml.intervals import PerUnit
from ml.pricing.dataset import Priced

QUINTILES = 5


def pinball(actual: Floats, predicted: Floats, alpha: float) -> Floats:
    """Quantile loss of each row, in the unit of the prices: ``max(alpha e, (alpha - 1) e)``, e = actual - predicted."""
    error = actual - predicted
    return np.maximum(alpha * error, (alpha - 1) * error)


def relative_error(data: Priced, suggested: Floats) -> PerUnit:
    """Absolute error over the mean price of the market; a unit a listing."""
    _, market = np.unique(data.market.astype(str), return_inverse=True)
    market = market.reshape(-1)
    level = group_mean(market, data.price_minor, int(market.max(initial=-1)) + 1)[market]
    _, listing = np.unique(data.listing_id, return_inverse=True)
    listing = listing.reshape(-1)
    size = int(listing.max(initial=-1)) + 1
    error = np.abs(data.price_minor - suggested) / level
    return PerUnit(group_sum(listing, error, size), group_count(listing, size))


@dataclass(frozen=True)
class PriceQuality:
    """What a model does on nights it has not seen.

    Attributes
    ----------
    relative_mae
        Mean absolute error over the mean price.
    mae_minor
        Mean absolute error by market, minor units of its currency.
    pinball
        Quantile loss over the mean price, by quantile's name.
    coverage
        Share of nights whose price lies in the interval; `coverage_by` the same by group.
    mae_by
        Relative error by group: room type, price quintile of the market (1 is cheapest).
    """

    relative_mae: float
    mae_minor: Mapping[str, float]
    pinball: Mapping[str, float]
    coverage: float
    coverage_by: Mapping[str, float]
    mae_by: Mapping[str, float]


def quality(data: Priced, predicted: NDArray[np.float64], quantiles: Mapping[str, float]) -> PriceQuality:
    """Judge predictions (n, 3: low, suggested, high) of `data`, which must not be empty."""
    low, suggested, high = predicted.T
    level = np.empty(len(data.price_minor))
    for name in np.unique(data.market.astype(str)):
        level[data.market == name] = data.price_minor[data.market == name].mean()
    error = np.abs(data.price_minor - suggested)
    inside = (data.price_minor >= low) & (data.price_minor <= high)
    groups = _groups(data)
    losses = zip(quantiles.items(), predicted.T, strict=True)
    return PriceQuality(
        relative_mae=float((error / level).mean()),
        mae_minor={str(name): float(error[data.market == name].mean()) for name in np.unique(data.market.astype(str))},
        pinball={
            name: float((pinball(data.price_minor, column, alpha) / level).mean()) for (name, alpha), column in losses
        },
        coverage=float(inside.mean()),
        coverage_by={name: float(inside[rows].mean()) for name, rows in groups.items()},
        mae_by={name: float((error / level)[rows].mean()) for name, rows in groups.items()},
    )


def _groups(data: Priced) -> dict[str, NDArray[np.bool_]]:
    """Rows by room type and by quintile of the price within their market; empty groups are left out."""
    quintile = np.zeros(len(data.price_minor), np.int64)
    for name in np.unique(data.market.astype(str)):
        rows = data.market == name
        edges = np.quantile(data.price_minor[rows], np.arange(1, QUINTILES) / QUINTILES)
        quintile[rows] = np.searchsorted(edges, data.price_minor[rows], side="left") + 1
    groups = {str(name): data.room_type == name for name in np.unique(data.room_type.astype(str))}
    groups |= {f"price quintile {number}": quintile == number for number in range(1, QUINTILES + 1)}
    return {name: rows for name, rows in groups.items() if rows.any()}
