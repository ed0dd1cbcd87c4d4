"""Every service there is."""

from __future__ import annotations

from lodestay.local.opensearch import OpenSearch
from lodestay.local.postgres import Postgres
from lodestay.local.service import Service

SERVICES: tuple[Service, ...] = (Postgres(), OpenSearch())
