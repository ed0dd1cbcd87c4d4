"""The embedded OpenSearch node."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from opensearchpy import OpenSearch

from lodestay.local.opensearch import OpenSearch as Node
from lodestay.local.state import State
from tests.lodestay.local.conftest import Supervise

pytestmark = pytest.mark.opensearch


@pytest.fixture
def client(opensearch_url: str) -> Iterator[OpenSearch]:
    """A client of the session's node."""
    client = OpenSearch(opensearch_url)
    yield client
    client.close()


def test_is_the_pinned_version_with_its_plugins(client: OpenSearch) -> None:
    """The node is 3.6.0 and carries k-NN and neural search."""
    assert client.info()["version"]["number"] == "3.6.0"
    plugins = {plugin["component"] for plugin in client.cat.plugins(format="json")}
    assert {"opensearch-knn", "opensearch-neural-search"} <= plugins


def test_finds_a_vector_with_the_lucene_engine(client: OpenSearch) -> None:
    """Vectors can be indexed and searched without the native libraries that the plugin's archive lacks."""
    vector = {"type": "knn_vector", "dimension": 2, "method": {"name": "hnsw", "engine": "lucene"}}
    body = {"settings": {"index.knn": True}, "mappings": {"properties": {"at": vector}}}
    client.indices.create(index="local-vectors", body=body)
    for key, at in (("east", [1.0, 0.0]), ("north", [0.0, 1.0])):
        client.index(index="local-vectors", id=key, body={"at": at}, params={"refresh": "true"})
    answer = client.search(index="local-vectors", body={"query": {"knn": {"at": {"vector": [0.1, 0.9], "k": 1}}}})
    assert answer["hits"]["hits"][0]["_id"] == "north"
    client.indices.delete(index="local-vectors")


@pytest.mark.slow
def test_a_killed_node_comes_back_with_its_documents(supervised: Supervise) -> None:
    """After `kill -9`, status says that the node died; `up` restarts it and what was indexed is there."""
    supervisor = supervised(services=[Node()])
    supervisor.up([])
    address = supervisor.records.endpoints()["LODESTAY_OPENSEARCH_URL"]
    with OpenSearch(address) as client:
        client.index(index="kept", id="1", body={"answer": 42})
    process = supervisor.records.process("opensearch")
    assert process is not None
    node = psutil.Process(process.pid)
    node.kill()
    psutil.wait_procs([node], timeout=10)
    assert supervisor.status()[0].state is State.DIED
    supervisor.up([])
    assert supervisor.records.endpoints()["LODESTAY_OPENSEARCH_URL"] == address
    with OpenSearch(address) as client:
        assert client.get(index="kept", id="1")["_source"] == {"answer": 42}
