"""Columns of JSON in statements of text: the driver does not know which of their values are JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson


def placeholder(name: str, json: Collection[str]) -> str:
    """What stands for a column's value in a statement."""
    return f"CAST(:{name} AS jsonb)" if name in json else f":{name}"


def placeholders(names: Iterable[str], json: Collection[str]) -> str:
    """What stands for the values of columns, `json` those of JSON, in a statement that inserts them."""
    return ", ".join(placeholder(name, json) for name in names)


def as_columns(values: Mapping[str, Any], json: Collection[str]) -> dict[str, Any]:
    """Values as the driver takes them: JSON as text, null as null."""
    return {
        name: orjson.dumps(value).decode() if name in json and value is not None else value
        for name, value in values.items()
    }
