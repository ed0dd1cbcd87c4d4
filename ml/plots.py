"""Figures for model cards: drawn without a display, each from arrays."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ml.arrays import Floats

mpl.use("Agg")

_SIZE = (6.4, 4.0)
_MOST_BARS = 20


def _figure(title: str) -> tuple[Figure, mpl.axes.Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def importance(names: tuple[str, ...], gain: Floats) -> Figure:
    """Share of the total gain of the splits on each feature, the largest first."""
    order = np.argsort(gain, kind="stable")[-_MOST_BARS:]
    figure, axes = _figure("What the model splits on")
    axes.barh([names[index] for index in order], 100 * gain[order] / max(float(gain.sum()), 1e-12))
    axes.set_xlabel("share of gain, %")
    return figure


def lines(title: str, series: dict[str, Floats], *, x: Floats, x_label: str, y_label: str) -> Figure:
    """One line a name over common places."""
    figure, axes = _figure(title)
    for name, values in series.items():
        axes.plot(x, values, marker="o", markersize=3, label=name)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.legend(frameon=False)
    return figure


def calibration(title: str, said: Floats, seen: Floats, *, x_label: str, y_label: str) -> Figure:
    """What was said against what was seen, with the line of perfection."""
    figure, axes = _figure(title)
    both = np.concatenate([said, seen])
    ends = [float(np.nanmin(both)), float(np.nanmax(both))] if np.isfinite(both).any() else [0.0, 1.0]
    axes.plot(ends, ends, color="0.7", linewidth=1)
    axes.plot(said, seen, marker="o")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    return figure


def binned(values: Floats, outcome: Floats, *, bins: int) -> tuple[Floats, Floats]:
    """Mean value and mean outcome in `bins` groups of equal size, by value."""
    order = np.argsort(values, kind="stable")
    groups = [group for group in np.array_split(order, bins) if group.size]
    return np.array([values[g].mean() for g in groups]), np.array([outcome[g].mean() for g in groups])
