"""Order candidates: features, score, reasons. Pure, given the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from lodestay.stay import Stay
from ml.ranking.features import FEATURES, SearchContext, ranking_features
from ml.ranking.reasons import Reason
from search.answer import Candidate
from search.request import SearchRequest, Sort
from search.stay_price import exchanged_all
from serving.models import Models
from serving.search.reranking import Reranking
from serving.search.wording import FITS, NAME, bands

NOT_KNOWN = np.nan
NOTHING_MORE = Reranking()
AS_FOUND = "as found"
"""Name of the order in which candidates were found, best match or most popular first."""

Reasons = tuple[tuple[Reason, ...], ...]
"""Of each of some candidates."""


@dataclass(frozen=True)
class Ranked:
    """Candidates in the order in which they are shown.

    Attributes
    ----------
    ranker
        What ordered them: a ranker's name, ``sort:`` and the order asked for, or :data:`AS_FOUND`.
    scores
        (n,) the ranker's; None where it was not asked.
    matrix
        (n, len(FEATURES)) what the ranker saw, in the order shown.
    bands
        (n,) how well they fit what was written (:func:`serving.search.wording.bands`); None where it did not count.
    """

    ranker: str
    candidates: tuple[Candidate, ...]
    scores: NDArray[np.float64] | None
    matrix: NDArray[np.float64]
    bands: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Seen:
    """What the ranker saw in one candidate, and why it thinks so."""

    score: float | None
    features: dict[str, float]
    reasons: tuple[Reason, ...]


def rank(
    models: Models,
    request: SearchRequest,
    candidates: Sequence[Candidate],
    *,
    factors: Mapping[str, float],
    today: date,
    reranking: Reranking = NOTHING_MORE,
    viewed: Sequence[int] = (),
) -> Ranked:
    """Order candidates by what was written and the ranker, or leave them in the order that was asked for.

    Parameters
    ----------
    reranking, viewed
        What is done with the ranker's scores, and the listings that the visitor looked at.
    factors
        Minor units of the request's currency for one of each listing currency.
    today
        Date where the guest looks.
    """
    listing_ids = [candidate.listing_id for candidate in candidates]
    context = _context(request, candidates, factors=factors, today=today)
    matrix = ranking_features(models.columns.numbers(listing_ids), context)
    if request.sort is not Sort.RELEVANCE:
        return Ranked(f"sort:{request.sort}", tuple(candidates), None, matrix)
    scores = models.ranker.score(matrix)
    order = reranking.order(scores, models.columns.take, listing_ids, viewed)
    name = reranking.name(models.ranker.name)
    fit = None if request.text is None else bands(context.text_score, context.vector_score)
    if fit is not None:
        order = order[np.argsort(fit[order], kind="stable")]
        fit, name = fit[order], f"{name}+{NAME}"
    return Ranked(name, tuple(candidates[n] for n in order), scores[order], matrix[order], fit)


def unranked(candidates: Sequence[Candidate]) -> Ranked:
    """Leave candidates as they were found: for when ranking fails."""
    nothing = np.full((len(candidates), len(FEATURES)), NOT_KNOWN)
    return Ranked(AS_FOUND, tuple(candidates), None, nothing)


def in_order(ranked: Ranked, listing_ids: Sequence[int], *, ranker: str) -> Ranked:
    """The same candidates in an order that was made before, by `ranker`."""
    places = {candidate.listing_id: place for place, candidate in enumerate(ranked.candidates)}
    order = np.array([places[listing_id] for listing_id in listing_ids], np.int64)
    scores = None if ranked.scores is None else ranked.scores[order]
    fit = None if ranked.bands is None else ranked.bands[order]
    return Ranked(ranker, tuple(ranked.candidates[n] for n in order), scores, ranked.matrix[order], fit)


def explain(models: Models, ranked: Ranked, rows: slice) -> Reasons:
    """Why some of the candidates stand where they do; only where the ranker made the order."""
    if ranked.scores is None:
        return unexplained(ranked, rows)
    reasons = models.ranker.explain(ranked.matrix[rows])
    if ranked.bands is None:
        return reasons
    fits_best = (ranked.bands[rows] == 0).tolist()
    return tuple(_with_words(each) if fits else each for each, fits in zip(reasons, fits_best, strict=True))


def _with_words(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """The words before all that the ranker has to say, as many reasons as before."""
    others = [reason for reason in reasons if reason.code != FITS.code]
    return (FITS, *others[: max(len(reasons) - 1, 0)])


def unexplained(ranked: Ranked, rows: slice) -> Reasons:
    """No reason for any of them."""
    return ((),) * len(ranked.candidates[rows])


def seen_in(ranked: Ranked, rows: slice, reasons: Reasons) -> list[Seen]:
    """What the ranker saw in some of the candidates."""
    part = ranked.matrix[rows]
    scores = [None] * len(part) if ranked.scores is None else ranked.scores[rows].tolist()
    return [
        Seen(score, dict(zip(compress(FEATURES, known), compress(row, known), strict=True)), reason)
        for score, row, known, reason in zip(scores, part.tolist(), np.isfinite(part).tolist(), reasons, strict=True)
    ]


def _context(
    request: SearchRequest, candidates: Sequence[Candidate], *, factors: Mapping[str, float], today: date
) -> SearchContext:
    columns = [*zip(*candidates, strict=True)] or [()] * len(Candidate._fields)
    _, currency, total, nightly, text_score, vector_score, distance_km, stays = columns
    # Without dates a night's usual price stands for the total.
    amounts = [night if whole is None else whole for whole, night in zip(total, nightly, strict=True)]
    return SearchContext(
        nights=NOT_KNOWN if request.nights is None else float(request.nights),
        lead_days=_column([_lead_days(stay or request.stay, today) for stay in stays])
        if request.flexible
        else _known(_lead_days(request.stay, today)),
        guests=float(request.guests),
        total_minor=exchanged_all(_column(amounts), _column([factors.get(one) for one in currency])),
        distance_km=_column(distance_km),
        text_score=_column(text_score),
        vector_score=_column(vector_score),
    )


def _lead_days(stay: Stay | None, today: date) -> int | None:
    return None if stay is None else (stay.check_in - today).days


def _known(value: float | None) -> float:
    return NOT_KNOWN if value is None else float(value)


def _column(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Numbers; None becomes NaN."""
    return np.array(values, dtype=np.float64)
