"""What a run found, for a program and for the documentation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.lookout.findings import RULES, Outcome
from bench.lookout.freshness import Freshness
from bench.lookout.run import Order
from bench.report import machine
from lodestay.settings import PROJECT_ROOT

PAGE: Final = PROJECT_ROOT / "docs" / "lookout.md"
BEGIN, END = "<!-- last result -->", "<!-- /last result -->"


def again(seed: int, step: int, order: Order) -> str:
    """The command that plays a world again, up to the step at which a promise was broken."""
    asked = f"--seed {seed} --worlds 1 --steps {step} --listings {order.listings} --no-freshness"
    return f"make lookout ARGS='{asked}'"


def facts(order: Order, outcome: Outcome, freshness: Sequence[Freshness]) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "seed": order.seed,
        "worlds_ordered": order.worlds,
        "listings": order.listings,
        "workers": order.workers,
        "worlds": outcome.worlds,
        "steps": outcome.steps,
        "seconds": round(outcome.seconds, 1),
        "days": round(outcome.days, 1),
        "broken": {rule: outcome.broken[rule] for rule in RULES},
        "operations": {f"{name}: {said}": count for (name, said), count in sorted(outcome.operations.items())},
        "requests": dict(sorted(outcome.requests.items())),
        "refusals": dict(outcome.refusals.most_common()),
        "judged": outcome.judged,
        "found": outcome.found,
        "other_day": outcome.other_day,
        "kills": outcome.kills,
        "exports": outcome.exports,
        "freshness": [
            {
                "phase": each.phase.name,
                "rate": round(each.rate, 1),
                "changes": len(each.seconds) + each.lost,
                "lost": each.lost,
                **{f"p{part}_ms": each.percentile(part) for part in (50, 99, 100)},
            }
            for each in freshness
        ],
        "violations": [
            {"rule": each.rule, "what": each.what, "again": again(each.seed, each.step, order)}
            for each in outcome.violations
        ],
    }


def as_json(order: Order, outcome: Outcome, freshness: Sequence[Freshness]) -> str:
    """A run as text."""
    return json.dumps(facts(order, outcome, freshness), indent=2) + "\n"


def publish(order: Order, outcome: Outcome, freshness: Sequence[Freshness], *, command: str, page: Path = PAGE) -> None:
    """Write a run into the documentation, in place of the last one."""
    source = f"`{command}` · {datetime.now(UTC):%Y-%m-%d} · {machine()}"
    tables = [_summary(order, outcome), _operations(outcome), _requests(outcome), _freshness(freshness)]
    section = "\n\n".join([BEGIN, *filter(None, tables), source, END])
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{section}{after}", encoding="utf-8")


def _summary(order: Order, outcome: Outcome) -> str:
    rate = outcome.steps / outcome.seconds if outcome.seconds else 0.0
    rows = [
        *((f"broken: {rule}", f"{outcome.broken[rule]:,}") for rule in RULES),
        ("operations and requests", f"{outcome.steps:,} ({rate:,.0f} a second)"),
        ("listings held to the truth in requests", f"{outcome.judged:,}, {outcome.found:,} of them found"),
        ("of them with another date than where the guest looks", f"{outcome.other_day:,}"),
        ("worlds", f"{outcome.worlds:,} of {order.worlds:,}, {order.listings} listings each, {outcome.days:.0f} days"),
        ("columns killed and started again; documents made anew", f"{outcome.kills:,}; {outcome.exports:,}"),
        ("time", f"{outcome.seconds / 60:.1f} min with {order.workers} workers"),
        ("seeds", f"{order.seed} to {order.seed + order.worlds - 1}"),
    ]
    return _table(("", ""), rows)


def _operations(outcome: Outcome) -> str:
    names: Counter[str] = Counter()
    for (name, _), count in outcome.operations.items():
        names[name] += count
    rows = [
        (name, f"{outcome.operations[name, 'done']:,}", f"{outcome.operations[name, 'refused']:,}")
        for name, _ in names.most_common()
    ]
    return _table(("operation", "done", "refused"), rows)


def _requests(outcome: Outcome) -> str:
    return _table(("request", "asked"), [(kind, f"{count:,}") for kind, count in outcome.requests.most_common()])


def _freshness(freshness: Sequence[Freshness]) -> str:
    if not freshness:
        return ""
    head = ("from commit until seen", "changes", "a second", "p50", "p99", "longest", "never seen")
    rows = [
        (
            each.phase.name,
            f"{len(each.seconds) + each.lost:,}",
            f"{each.rate:.0f}",
            *(f"{each.percentile(part):,.0f} ms" for part in (50, 99, 100)),
            f"{each.lost:,}",
        )
        for each in freshness
    ]
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
