"""Why a search found nothing: what the people who grow the supply ask first."""

from __future__ import annotations

from dataclasses import replace

import structlog

from lodestay.crowding import TooBusy
from search.answer import Retrieved
from search.columns.engine import ColumnEngine
from search.events import NoResults
from search.request import Filters, SearchRequest
from search.today import Today
from serving.search.budget import within

log = structlog.get_logger(__name__)


async def why_nothing(
    columns: ColumnEngine | None, request: SearchRequest, retrieved: Retrieved, *, today: Today, seconds: float
) -> NoResults | None:
    """Say why nothing was found; None where something was.

    Whether it was the dates is found out by asking the columns for the same without them.

    Parameters
    ----------
    seconds
        That there are for it.
    """
    if retrieved.total_count:
        return None
    return reason(request, retrieved, undated=await _count_undated(columns, request, today=today, seconds=seconds))


def reason(request: SearchRequest, retrieved: Retrieved, *, undated: int | None) -> NoResults:
    """Judge a search without results.

    Parameters
    ----------
    undated
        How many fit when no dates are asked for; None where there were none, or that was not counted.
    """
    if retrieved.regained:
        return NoResults.ONE_FILTER
    if undated:
        return NoResults.DATES
    if retrieved.regained is None or (request.nights is not None and undated is None):
        return NoResults.NOT_COUNTED
    return NoResults.NOTHING_THERE if request.filters == Filters() else NoResults.SEVERAL_FILTERS


async def _count_undated(
    columns: ColumnEngine | None, request: SearchRequest, *, today: Today, seconds: float
) -> int | None:
    """Count what fits on other dates. Bounds of the price are left out with them: they are of the stay's total."""
    if columns is None or request.nights is None:
        return None
    filters = replace(request.filters, min_price_minor=None, max_price_minor=None)
    undated = replace(request, stay=None, flexible=(), filters=filters, page=1, page_size=1, tile_zoom=None)
    try:
        return (await within(seconds, columns.retrieve(undated, today=today))).total_count
    except (TimeoutError, TooBusy):
        return None
    except Exception:
        # An answer is there already; only its reason is not.
        log.exception("dead end not explained")
        return None
