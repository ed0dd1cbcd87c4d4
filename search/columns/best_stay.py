"""Flexible dates from columns: each listing by its best stay, and what each day of arrival costs at least.

The rows that may do are found by :func:`search.columns.scan.scan`, as without dates. Then every stay is tried in them
(:mod:`search.columns.many_stays`), and the answer to flexible dates is that to a search without any, over the listings
that take a stay, with its total where a night's usual price stands: all that is counted is counted by the one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lodestay.stay import Stay
from search.answer import BestStays, PriceDay, Retrieved
from search.columns.amounts import LENGTH_DISCOUNTS
from search.columns.ask import NO_DISCOUNT, Ask, PriceAsk
from search.columns.asking import ask_of, dates_by_market
from search.columns.many_stays import StaysAsk, StaysTally, try_stays
from search.columns.reading import retrieved
from search.columns.sharing import Bell, scanned
from search.columns.store import ColumnStore
from search.columns.table import WORD, Table
from search.columns.tally import Tally, found_rows
from search.request import Filters, InvalidSearch, SearchRequest
from search.ring import slot
from search.stay_price import discount_field
from search.today import Today

MOST_TRIES: Final = 8_000_000
"""Stays times listings that are tried at once, which takes some tenths of a second: other searches wait for it."""


def retrieve_flexible(
    request: SearchRequest,
    store: ColumnStore,
    *,
    today: Today,
    beside: Executor | None = None,
    bell: Bell | None = None,
) -> Retrieved:
    """Answer a search with flexible dates.

    Parameters
    ----------
    beside, bell
        Of the passes over the rows (:func:`search.columns.sharing.scanned`).

    Raises
    ------
    InvalidSearch
        It asks for too many map tiles, or for too many stays in too many listings.
    """
    stays = tuple(stay for stay in request.flexible if today.is_askable(stay))
    ask = ask_of(request, store, today=today)
    table = store.table
    # What a guest may take back is counted too: the rows are those that fit without it.
    free = ask_of(replace(request, filters=Filters(), tile_zoom=None), store, today=today)
    rows = _rows(store, free, beside, bell)
    tried = _try(table, rows, _stays_ask(stays, request.guests, dates_by_market(store, today)), ask.price)
    tally = scanned(_at_their_best(table, tried), store.derived, ask, beside=beside, bell=bell)
    best = _best_stays(stays, tally, tried, table)
    plain = retrieved(request, ask, tally, store)
    candidates = (best.given_to(candidate) for candidate in plain.candidates)
    return replace(plain, candidates=tuple(each for each in candidates if each is not None), best_stays=best)


def price_days(
    request: SearchRequest,
    stays: Sequence[Stay],
    store: ColumnStore,
    *,
    today: Today,
    beside: Executor | None = None,
    bell: Bell | None = None,
) -> tuple[PriceDay, ...]:
    """Say of each stay what a search for it would: how many listings, and the lowest price.

    Parameters
    ----------
    request
        Without dates.
    stays
        Of one length, in order; those that have passed or lie beyond the horizon are taken by none.
    beside, bell
        As of :func:`retrieve_flexible`.

    Raises
    ------
    InvalidSearch
        These are too many days for so many listings.
    """
    askable = [stay for stay in stays if today.is_askable(stay)]
    filters = replace(request.filters, min_price_minor=None, max_price_minor=None)
    rows = _rows(store, ask_of(replace(request, filters=filters, tile_zoom=None), store, today=today), beside, bell)
    ask = ask_of(request, store, today=today)
    tried = _try(store.table, rows, _stays_ask(askable, request.guests, dates_by_market(store, today)), ask.price)
    found = dict(zip(askable, zip(tried.counts.tolist(), tried.cheapest.tolist(), strict=True), strict=True))
    return tuple(PriceDay.of(stay, *found.get(stay, (0, np.inf))) for stay in stays)


def compile_stays(store: ColumnStore, ask: Ask) -> None:
    """Have the passes compiled for the types of the columns."""
    table = store.table
    tried = _try(table, np.zeros(0, np.int64), _stays_ask([], 1, ask.stay.today), ask.price)
    scanned(_at_their_best(table, tried), store.derived, ask)


def _at_their_best(table: Table, tried: StaysTally) -> Table:
    """Have only the listings that take a stay, with its total for what a night usually costs."""
    prices = table.prices._replace(usual=tried.amounts)
    return table._replace(nights=table.nights._replace(active=tried.taking), prices=prices)


def _rows(store: ColumnStore, ask: Ask, beside: Executor | None, bell: Bell | None) -> NDArray[np.int64]:
    """Rows that fit a search without dates."""
    return found_rows(scanned(store.table, store.derived, ask, beside=beside, bell=bell).results)


def _bits(rows: NDArray[np.int64], table: Table) -> NDArray[np.uint64]:
    held = np.zeros(len(table.nights.active) * WORD, np.bool_)
    held[rows] = True
    return np.packbits(held, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def _stays_ask(stays: Sequence[Stay], guests: int, today: NDArray[np.int64]) -> StaysAsk:
    nights = stays[0].nights if stays else 0
    field = discount_field(nights)
    return StaysAsk(
        nights=np.array([[slot(night) for night in stay] for stay in stays], np.int64).reshape(len(stays), nights),
        departures=_column(slot(stay.check_out) for stay in stays),
        check_ins=_column(stay.check_in.toordinal() for stay in stays),
        check_outs=_column(stay.check_out.toordinal() for stay in stays),
        today=today,
        length_discount=NO_DISCOUNT if field is None else LENGTH_DISCOUNTS[field],
        guests=guests,
    )


def _column(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), np.int64)


def _try(table: Table, rows: NDArray[np.int64], stays: StaysAsk, asked: PriceAsk) -> StaysTally:
    listings, tried = len(table.listing_id), len(stays.departures)
    if len(rows) * tried > MOST_TRIES:
        raise InvalidSearch(
            f"{tried} stays in {len(rows):,} listings are too many to try at once.",
            hint="Look in a smaller area, or ask for fewer months.",
        )
    tally = StaysTally(
        taking=np.zeros_like(table.nights.active),
        best=np.empty(listings, np.int64),  # what no listing needs is never written
        amounts=np.empty(listings, np.int64),
        counts=np.zeros(tried, np.int64),
        cheapest=np.full(tried, np.inf),
    )
    codes, held = table.traits.codes, _bits(rows, table)
    try_stays(table.nights, table.stays, table.prices, codes, held, stays, asked, tally)
    return tally


def _best_stays(stays: tuple[Stay, ...], tally: Tally, tried: StaysTally, table: Table) -> BestStays:
    """Of the results only, in the order of their numbers."""
    rows = found_rows(tally.results)
    rows = rows[np.argsort(table.listing_id[rows])]
    return BestStays(stays, table.listing_id[rows], tried.best[rows], tried.amounts[rows])
