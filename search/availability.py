"""Which stays a listing takes: as tokens in its document, and as the clauses that read them.

Three kinds of token, each about a slot of the ring (:mod:`search.ring`):

- ``n17``: the night is free. ``w17``: it and the six after it are, so that a stay of three months needs
  fourteen terms and not ninety.
- ``d17``: no departure that day.
- ``x17``: arriving that night follows another rule than usual (:mod:`search.arrivals`). Further tokens
  list the lengths that are allowed, as blocks of a binary tree (``x17.3.2``: 16 to 23 nights). Whatever the
  rule, at most ten blocks hold a given length, so the clause has eleven terms for any stay, and a listing
  with one rule all year pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from lodestay.calendar import StayCalendar
from lodestay.stay import Stay
from search.arrivals import LONGEST, Arrivals
from search.ring import RING, is_askable, slot
from search.today import Today

WEEK: Final = 7
_LEVELS: Final = LONGEST.bit_length() + 1
"""Of the tree of lengths, from the single nights to the whole of them."""

_NIGHT, _WEEK, _ARRIVAL, _DEPARTURE = (tuple(f"{kind}{at}" for at in range(RING)) for kind in "nwxd")

Query = dict[str, Any]
_NEVER: Final[Query] = {"match_none": {}}

MAPPING: Final[dict[str, Any]] = {
    "stay_tokens": {"type": "text", "analyzer": "tokens", "index_options": "docs", "norms": False},
    "calendar_from": {"type": "integer"},
    "calendar_until": {"type": "integer"},
    "advance_notice_days": {"type": "integer"},
    "booking_window_days": {"type": "integer"},
    "usual_min_stay": {"type": "integer"},
    "usual_max_stay": {"type": "integer"},
}
"""Fields of the document; the analyzer `tokens` splits at spaces."""


def availability_fields(calendar: StayCalendar | None, *, today: date) -> dict[str, Any]:
    """Write a calendar's nights from `today` on; null for a listing that cannot be booked at all."""
    arrivals = Arrivals.of(calendar, today=today)
    if arrivals is None:
        return dict.fromkeys(MAPPING)
    return {"stay_tokens": " ".join(_tokens(arrivals)), **arrivals.numbers()}


def _tokens(arrivals: Arrivals) -> Iterator[str]:
    free = arrivals.run > 0
    for kind, slots in (
        (_NIGHT, arrivals.slots[free]),
        (_WEEK, arrivals.slots[arrivals.run >= WEEK]),
        (_ARRIVAL, arrivals.slots[arrivals.odd]),
        (_DEPARTURE, arrivals.no_departure),
    ):
        yield from (kind[at] for at in slots.tolist())
    slots = arrivals.slots[arrivals.spans[:, 0]].tolist()
    for at, (_, shortest, longest) in zip(slots, arrivals.spans.tolist(), strict=True):
        yield _arrival_tokens(at, shortest, longest)


def clauses(stay: Stay, today: Today) -> list[Query]:
    """Filters that hold for the listings that take the stay, asked `today`; all of them must."""
    if not today.is_askable(stay):
        return [_NEVER]
    arrival = f"x{slot(stay.check_in)}"
    usual = [
        {"range": {"usual_min_stay": {"lte": stay.nights}}},
        {"range": {"usual_max_stay": {"gte": stay.nights}}},
    ]
    return [
        *({"term": {"stay_tokens": token}} for token in _free_tokens(stay)),
        {"range": {"calendar_from": {"lte": stay.check_in.toordinal()}}},
        {"range": {"calendar_until": {"gte": stay.check_out.toordinal()}}},
        *_far_enough_ahead(stay, today),
        {
            "bool": {
                "should": [
                    {"bool": {"filter": usual, "must_not": [{"term": {"stay_tokens": arrival}}]}},
                    {"terms": {"stay_tokens": [arrival + block for block in _blocks_with(stay.nights)]}},
                ],
                "minimum_should_match": 1,
            }
        },
        {"bool": {"must_not": [{"term": {"stay_tokens": f"d{slot(stay.check_out)}"}}]}},
    ]


def _far_enough_ahead(stay: Stay, today: Today) -> list[Query]:
    """Filters on the days until the stay, which are each market's own."""
    if not today.elsewhere:
        return _ahead_of(stay, today.here)
    others = [
        {"bool": {"filter": [{"terms": {"market": markets}}, *_ahead_of(stay, day)]}}
        for day, markets in today.markets_by_day().items()
    ]
    all_others = {"terms": {"market": sorted(today.elsewhere)}}
    here = {"bool": {"filter": _ahead_of(stay, today.here), "must_not": [all_others]}}
    return [{"bool": {"should": [here, *others], "minimum_should_match": 1}}]


def _ahead_of(stay: Stay, day: date) -> list[Query]:
    if not is_askable(stay, day):
        return [_NEVER]
    return [
        {"range": {"advance_notice_days": {"lte": (stay.check_in - day).days}}},
        {"range": {"booking_window_days": {"gte": (stay.check_out - day).days}}},
    ]


def _free_tokens(stay: Stay) -> list[str]:
    """Tokens whose nights together are those of the stay: nights, or weeks that may overlap at the end."""
    if stay.nights < WEEK:
        return [f"n{slot(night)}" for night in stay]
    starts = [*range(0, stay.nights - WEEK, WEEK), stay.nights - WEEK]
    return [f"w{slot(stay.check_in + timedelta(days=n))}" for n in starts]


@lru_cache(maxsize=65_536)
def _arrival_tokens(at: int, shortest: int, longest: int) -> str:
    """Tokens of lengths that an odd arrival may have."""
    return " ".join(_ARRIVAL[at] + block for block in _blocks_of(shortest, longest))


@lru_cache(maxsize=4096)
def _blocks_of(low: int, high: int) -> tuple[str, ...]:
    """Fewest blocks of the binary tree over ``[0, LONGEST]`` that make up the lengths `low` to `high`."""
    blocks = []
    for level in range(_LEVELS):
        if low > high:
            break
        if low % 2:
            blocks.append(f".{level}.{low}")
            low += 1
        if high % 2 == 0:
            blocks.append(f".{level}.{high}")
            high -= 1
        low, high = low // 2, high // 2
    return tuple(blocks)


def _blocks_with(length: int) -> tuple[str, ...]:
    """Return the block of each level that holds a length."""
    return tuple(f".{level}.{length >> level}" for level in range(_LEVELS))
