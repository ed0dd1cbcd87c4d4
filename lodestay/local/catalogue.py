"""Every service there is, in the order in which they are shown."""

from __future__ import annotations

from lodestay.local.dagster import DagsterDaemon, DagsterWebserver
from lodestay.local.mlflow import MLflow
from lodestay.local.opensearch import OpenSearch
from lodestay.local.platform import Api, Processor, Relay, Worker
from lodestay.local.postgres import Postgres
from lodestay.local.service import Service
from lodestay.local.spark_connect import SparkConnect

SERVICES: tuple[Service, ...] = (
    Postgres(),
    OpenSearch(),
    MLflow(),
    SparkConnect(),
    DagsterWebserver(),
    DagsterDaemon(),
    Processor(),
    Relay(),
    Worker(),
    Api(),
)
