"""The fields that an operation knows, by where they are sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo


def known_fields(route: object, location: str, path: Sequence[str | int] = ()) -> dict[str, FieldInfo]:
    """Fields that could be sent at a place of a request, by their names; none where that is not known.

    Parameters
    ----------
    route
        That the request was for.
    location
        `query` or `body`.
    path
        Fields of the body that lead there.
    """
    if not isinstance(route, APIRoute):
        return {}
    params = route.dependant.query_params if location == "query" else route.dependant.body_params
    models = [model for param in params for model in _models_in(param.field_info.annotation)]
    for step in path:
        fields = [info for model in models for name, info in _fields(model) if name == step]
        if isinstance(step, str):  # a number counts the items of a list, whose model is known already
            models = [model for info in fields for model in _models_in(info.annotation)]
    return {name: info for model in models for name, info in _fields(model)}


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    return ((info.alias or name, info) for name, info in model.model_fields.items())


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Models that a type names: itself, or parts of a union or a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
