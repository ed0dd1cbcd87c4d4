"""Which stays a listing takes: as tokens in its document, and as the clauses that read them.

Three kinds of token, each about a slot of the ring (:mod:`search.ring`):

- ``n17``: the night is free. ``w17``: it and the six after it are, so that a stay of three months needs
  fourteen terms and not ninety.
- ``d17``: no departure that day.
- ``x17``: arriving that night follows another rule than usual. The usual rule is a pair of numbers of
  the listing, the commonest (min stay, max stay) among its free nights; where another one holds, further
  tokens list the lengths that are allowed, as blocks of a binary tree (``x17.3.2``: 16 to 23 nights).
  Whatever the rule, at most ten blocks hold a given length, so the clause has eleven terms for any stay,
  and a listing with one rule all year pays nothing.

Rules of every night of a stay, and gaps that may be filled, come down to the lengths that an arrival may
have; gaps that may not be left, to dates without arrival or departure.

The answer is :meth:`lodestay.calendar.StayCalendar.refuse`'s without the hour of the day, exactly, from the day
the document was written until its last indexed night; later nights are taken as unavailable. The hour is asked
when the page is confirmed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar
from lodestay.stay import MAX_NIGHTS, Stay
from search.ring import RING, is_askable, slot, window
from search.today import Today

WEEK: Final = 7
_LEVELS: Final = 10
_LONGEST: Final = 2 ** (_LEVELS - 1) - 1
"""Top of the tree of lengths: above any stay that can be asked for."""

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
    nights = window(calendar, today) if calendar is not None else range(0)
    if calendar is None or not nights:
        return dict.fromkeys(MAPPING)
    part = slice(nights.start, nights.stop)
    run = _free_run(calendar.free[part])
    rules = list(zip(calendar.min_stay[part].tolist(), calendar.max_stay[part].tolist(), strict=True))
    free_nights = np.flatnonzero(run).tolist()
    usual_min, usual_max = _commonest([rules[n] for n in free_nights] or rules)
    gap_arrivals, gap_departures = calendar.gap_closed()
    closed = calendar.closed_to_arrival[part] | gap_arrivals[part]
    lengths = _Lengths.of(calendar, part, run)
    first = calendar.start + timedelta(days=nights.start)

    first_slot, usual = slot(first), (usual_min, usual_max)
    in_a_row, is_closed = run.tolist(), closed.tolist()

    def tokens() -> Iterator[str]:
        for n in free_nights:
            at = (first_slot + n) % RING
            yield _NIGHT[at]
            if in_a_row[n] >= WEEK:
                yield _WEEK[at]
            if is_closed[n]:
                yield _ARRIVAL[at]
                continue
            if lengths is None or lengths.plain[n]:
                if rules[n] != usual:
                    yield _arrival_tokens(at, (rules[n],) if rules[n][0] <= in_a_row[n] else ())
                continue
            spans = lengths.spans(n, rules[n])
            if spans != [usual]:
                yield _arrival_tokens(at, tuple(span for span in spans if span[0] <= in_a_row[n]))
        # A stay leaves the day after its last night: the departures of a window lie one day later.
        departures = gap_departures[nights.start + 1 : nights.stop + 1].copy()
        ruled = calendar.closed_to_departure[nights.start + 1 : nights.stop + 1]
        departures[: len(ruled)] |= ruled
        yield from (_DEPARTURE[(first_slot + n + 1) % RING] for n in np.flatnonzero(departures).tolist())

    return {
        "stay_tokens": " ".join(tokens()),
        "calendar_from": first.toordinal(),
        "calendar_until": first.toordinal() + len(nights),
        "advance_notice_days": calendar.advance_notice_days,
        "booking_window_days": calendar.booking_window_days,
        "usual_min_stay": usual_min,
        "usual_max_stay": usual_max,
    }


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


@dataclass(frozen=True)
class _Lengths:
    """Which lengths an arrival may have, where more than the arrival's own rule speaks.

    Attributes
    ----------
    run, fillers
        (n,) free nights in a row from each night, and the length that fills a gap.
    shortest, longest
        (n,) rules of every night of a stay.
    plain
        (n,) bool, nothing narrows or widens the arrival's own rule: no filler below it, and no night with a rule within
        its reach. Most arrivals; the others are looked at length by length.
    """

    run: NDArray[np.int64]
    fillers: NDArray[np.int64]
    shortest: NDArray[np.int32]
    longest: NDArray[np.int32]
    plain: NDArray[np.bool_]

    @classmethod
    def of(cls, calendar: StayCalendar, part: slice, run: NDArray[np.int64]) -> _Lengths | None:
        """Those of a part of a calendar; None where no such rule speaks."""
        low, high = calendar.min_stay_through, calendar.max_stay_through
        if low is None and high is None and not calendar.fills_gaps:
            return None
        fillers = calendar.fillers()[part]
        shortest = np.ones(len(run), dtype=np.int32) if low is None else low[part]
        longest = np.full(len(run), _LONGEST, dtype=np.int32) if high is None else high[part]
        spoken = np.r_[0, np.cumsum((shortest > 1) | (longest < MAX_NIGHTS))]
        reach = np.arange(len(run)) + np.minimum(run, calendar.max_stay[part])
        widened = (fillers > 0) & (fillers < calendar.min_stay[part])
        return cls(
            run=run,
            fillers=fillers,
            shortest=shortest,
            longest=longest,
            plain=(spoken[reach] == spoken[:-1]) & ~widened,
        )

    def spans(self, night: int, rule: tuple[int, int]) -> list[tuple[int, int]]:
        """Lengths from a night on that is not plain, as spans."""
        run, filler = int(self.run[night]), int(self.fillers[night])
        lengths = np.arange(1, run + 1)
        longest = np.minimum(np.minimum.accumulate(self.longest[night : night + run]), rule[1])
        shortest = np.maximum(np.maximum.accumulate(self.shortest[night : night + run]), rule[0])
        allowed = (lengths <= longest) & ((lengths >= shortest) | (lengths == filler))
        if (allowed == ((lengths >= rule[0]) & (lengths <= rule[1]))).all():
            return [rule]
        edges = np.flatnonzero(np.diff(np.r_[False, allowed, False]))
        return [(int(low) + 1, int(high)) for low, high in zip(edges[::2], edges[1::2], strict=True)]


def _free_tokens(stay: Stay) -> list[str]:
    """Tokens whose nights together are those of the stay: nights, or weeks that may overlap at the end."""
    if stay.nights < WEEK:
        return [f"n{slot(night)}" for night in stay]
    starts = [*range(0, stay.nights - WEEK, WEEK), stay.nights - WEEK]
    return [f"w{slot(stay.check_in + timedelta(days=n))}" for n in starts]


@lru_cache(maxsize=16_384)
def _arrival_tokens(at: int, spans: tuple[tuple[int, int], ...]) -> str:
    """Tokens of an arrival with a rule of its own, and of the lengths that it may have."""
    blocks = dict.fromkeys(block for span in spans for block in _blocks_of(*span))
    return " ".join([_ARRIVAL[at], *(_ARRIVAL[at] + block for block in blocks)])


def _free_run(free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Free nights in a row from each night on."""
    places = np.arange(len(free))
    next_taken = np.minimum.accumulate(np.where(free, len(free), places)[::-1])[::-1]
    return next_taken - places


def _commonest(rules: list[tuple[int, int]]) -> tuple[int, int]:
    """The pair found most often; the least of them where several are."""
    return min(Counter(rules).items(), key=lambda item: (-item[1], item[0]))[0]


@lru_cache(maxsize=4096)
def _blocks_of(low: int, high: int) -> tuple[str, ...]:
    """Fewest blocks of the binary tree over ``[0, 511]`` that make up the lengths `low` to `high`."""
    low, high = max(low, 0), min(high, _LONGEST)
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
