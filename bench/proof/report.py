"""What a run found, for a program and for the documentation."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.proof.run import Outcome
from bench.report import machine
from lodestay.settings import PROJECT_ROOT

PAGE: Final = PROJECT_ROOT / "docs" / "proof.md"
BEGIN, END = "<!-- last result -->", "<!-- /last result -->"


def facts(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON."""
    return {
        "seed": outcome.order.seed,
        "workers": outcome.order.workers,
        "blocking": outcome.order.blocking,
        "over_http": outcome.order.over_http,
        "histories_ordered": outcome.order.histories,
        "histories": outcome.histories,
        "operations": outcome.operation_count,
        "seconds": round(outcome.seconds, 1),
        "kills": dict(outcome.kills),
        "outcomes": {f"{name}: {what}": count for (name, what), count in sorted(outcome.operations.items())},
        "found": outcome.found,
        "refusals": dict(outcome.refusals.most_common()),
        "violations": [{"rule": each.rule, "seed": each.seed, "what": each.what} for each in outcome.violations],
    }


def as_json(outcome: Outcome) -> str:
    """An outcome as text."""
    return json.dumps(facts(outcome), indent=2) + "\n"


def publish(outcome: Outcome, command: str, page: Path = PAGE) -> None:
    """Write the outcome into the documentation, in place of the last one."""
    source = f"`{command}` · {datetime.now(UTC):%Y-%m-%d} · {machine()}"
    section = "\n\n".join([BEGIN, _summary(outcome), _operations(outcome), _found(outcome), source, END])
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{section}{after}", encoding="utf-8")


def _summary(outcome: Outcome) -> str:
    kills = ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.kills.items())) or "none"
    rate = outcome.operation_count / outcome.seconds if outcome.seconds else 0.0
    rows = [
        ("broken promises", f"{len(outcome.violations):,}"),
        ("operations", f"{outcome.operation_count:,} ({rate:,.0f} a second)"),
        ("histories closed and checked", f"{outcome.histories:,} of {outcome.order.histories:,}"),
        ("kills", f"{outcome.kills.total():,}: {kills}"),
        ("time", f"{outcome.seconds / 60:.1f} min with {outcome.order.workers} workers"),
        ("seeds", f"{outcome.order.seed} to {outcome.order.seed + outcome.order.histories - 1}"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _operations(outcome: Outcome) -> str:
    names: Counter[str] = Counter()
    for (name, _), count in outcome.operations.items():
        names[name] += count
    rows = ["| operation | done | refused | connection lost |", "|---|---:|---:|---:|"]
    for name, _ in names.most_common():
        done, refused, unknown = (outcome.operations[name, what] for what in ("done", "refused", "unknown"))
        rows.append(f"| {name} | {done:,} | {refused:,} | {unknown:,} |")
    return "\n".join(rows)


def _found(outcome: Outcome) -> str:
    rows = ["| what the histories came to | rows |", "|---|---:|"]
    return "\n".join([*rows, *(f"| {what} | {count:,} |" for what, count in outcome.found.items())])
