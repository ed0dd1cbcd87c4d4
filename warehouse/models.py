"""The warehouse's models: a SQL file and its contract, in the order in which they build."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import sqlglot
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlglot import exp

from warehouse.errors import InvalidContract

ROOT = Path(__file__).parent


class Schema(StrEnum):
    """Where a relation stands."""

    LAKE = "lake"
    STAGING = "staging"
    MARTS = "marts"


class Column(BaseModel):
    """A column as its readers may rely on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    type: str = Field(description="DuckDB's name of the type, in capitals.")
    description: str
    nullable: bool = False


class RowTest(BaseModel):
    """A condition that every row meets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="The condition as a sentence, in snake case.")
    sql: str = Field(description="A boolean expression over the model's columns.")


class Contract(BaseModel):
    """What a model promises: who owns it, what a row is, its columns and its tests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: str
    description: str
    grain: tuple[str, ...] = Field(min_length=1, description="Columns that are unique together.")
    columns: tuple[Column, ...] = Field(min_length=1)
    tests: tuple[RowTest, ...] = ()


@dataclass(frozen=True)
class Model:
    """A relation of the warehouse, defined by one SELECT.

    Attributes
    ----------
    reads
        Qualified names of the relations it selects from.
    """

    schema: Schema
    name: str
    sql: str
    contract: Contract
    reads: frozenset[str]

    @property
    def relation(self) -> str:
        """Qualified name, as it stands in queries."""
        return f"{self.schema}.{self.name}"


@lru_cache
def load_models() -> tuple[Model, ...]:
    """Read every model, each after the ones it reads."""
    models = {
        model.relation: model
        for schema in (Schema.STAGING, Schema.MARTS)
        for model in (_read(schema, path) for path in sorted((ROOT / schema).glob("*.sql")))
    }
    ordered: dict[str, Model] = {}

    def place(relation: str) -> None:
        if relation in ordered or relation not in models:
            return
        for needed in sorted(models[relation].reads):
            place(needed)
        ordered[relation] = models[relation]

    for relation in models:
        place(relation)
    return tuple(ordered.values())


def _read(schema: Schema, path: Path) -> Model:
    sql = path.read_text(encoding="utf-8").strip().rstrip(";")
    contract_path = ROOT / "contracts" / f"{path.stem}.yml"
    try:
        contract = Contract.model_validate(yaml.safe_load(contract_path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValidationError) as error:
        raise InvalidContract(
            f"{schema}.{path.stem} has no valid contract: {error}", hint=f"Mend {contract_path.name}."
        ) from error
    reads = frozenset(
        f"{table.db}.{table.name}" for table in sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Table) if table.db
    )
    return Model(schema, path.stem, sql, contract, reads)
