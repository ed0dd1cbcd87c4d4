"""Fire the mix at an API: whether its answers are right, and how long they take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import numpy as np

from bench.engines.mix import PAGE, Asked
from bench.engines.stock import Stock
from bench.engines.truth import Truth, brute_force, is_right
from bench.load import Load, Outcome
from lodestay.errors import ServiceUnavailable

_DEGRADED = "lodestay_search_degraded_total{"
CONNECTIONS = 32
"""As many searches at most are under way; who is due and finds none free waits, and that counts."""


@dataclass(frozen=True)
class Percentiles:
    """Of a series of answers, in milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Percentiles:
        """Take them."""
        return cls(*(float(found) for found in np.percentile(np.asarray(seconds) * 1000, [50, 95, 99])))


@dataclass(frozen=True)
class Fired:
    """What a load came to.

    Attributes
    ----------
    rate
        Answers a second.
    classes
        By kind of search, and of all of them as ``all``; none where none was answered.
    faults
        Answers that were none (5xx, broken connections), or poorer than asked for: those are cheaper.
    """

    rate: float
    classes: dict[str, Percentiles]
    faults: int

    def keeps(self, milliseconds: float) -> bool:
        """Whether all were answered, and 99 of 100 in so much time."""
        return "all" in self.classes and not self.faults and self.classes["all"].p99 <= milliseconds


def fire(ports: Sequence[int], asked: Sequence[Asked], *, rate: float | None, seconds: float) -> Fired:
    """Send searches at a rate, answered or not, or one after the other's answer on two connections each (None)."""
    calls = [_call(each) for each in asked]
    kinds = dict(zip(calls, (each.kind for each in asked), strict=True))
    connections = 2 * len(ports) if rate is None else CONNECTIONS
    poorer = _poorer(ports)
    outcome = Load(ports, iter(calls), connections=connections, rate=rate).run(seconds)
    poorer = _poorer(ports) - poorer
    return Fired(outcome.rate, _by_class(outcome, kinds), outcome.faults + poorer)


def _poorer(ports: Sequence[int]) -> int:
    """How many answers had to do without something up to now, by the processes' own count."""
    told = (httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text.splitlines() for port in ports)
    return sum(int(float(line.split()[-1])) for lines in told for line in lines if line.startswith(_DEGRADED))


def _by_class(outcome: Outcome, kinds: dict[bytes, str]) -> dict[str, Percentiles]:
    if not outcome.done:
        return {}
    seconds = defaultdict[str, list[float]](list)
    for call, took in zip(outcome.calls, outcome.seconds, strict=True):
        seconds[kinds[call]].append(took)
    return {"all": Percentiles.of(outcome.seconds)} | {kind: Percentiles.of(took) for kind, took in seconds.items()}


def _call(asked: Asked) -> bytes:
    return f"GET {asked.path} HTTP/1.1\r\nHost: lodestay\r\nAccept: application/json\r\n\r\n".encode()


def check(port: int, stock: Stock, asked: Iterable[Asked]) -> int:
    """Hold answers to brute force; how many there were, or an error at the first that is wrong."""
    checked = 0
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        for each in asked:
            answer = client.get(each.path).raise_for_status().json()
            wrong = list(differences(answer, brute_force(stock, each.request)))
            if wrong:
                raise ServiceUnavailable(f"A search was answered wrongly: {wrong[0]}.", hint=f"It was {each.path}.")
            checked += 1
    return checked


def differences(answer: dict[str, Any], truth: Truth) -> Iterable[str]:
    """Say where an answer differs from what is right: count, facets, histogram, and each result's total."""
    if answer["degraded"]:
        yield f"degraded: {answer['degraded']}"
    if answer["total_count"] != truth.total_count:
        yield f"{answer['total_count']} results, and there are {truth.total_count}"
    bins = {each["low"]["minor"]: each["count"] for each in answer["histogram"] if each["count"]}
    if bins != truth.histogram:
        yield "the histogram"
    for name, right in truth.facets.items():
        told = {each["value"]: each["count"] for each in answer["facets"][name] if each["count"]}
        if not is_right(told, right):
            yield f"the facet {name}"
    results = answer["results"]
    if len(results) != min(PAGE, truth.total_count):
        yield f"{len(results)} results shown"
    for result in results:
        if truth.totals.get(result["listing_id"]) != result["price"]["total"]["minor"]:
            yield f"the total of listing {result['listing_id']}"
