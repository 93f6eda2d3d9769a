"""Application Insights: a stand-in for where it takes telemetry, and the real exporter."""

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.telemetry.conftest import NewHost

_KEY = "00000000-0000-4000-8000-000000000000"


class Ingestion:
    """`told`: what came, an envelope each."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def _handler(ingestion: Ingestion) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            envelopes = json.loads(body)
            ingestion.paths.add(self.path)
            ingestion.told += envelopes
            count = len(envelopes)
            answer = {"itemsReceived": count, "itemsAccepted": count, "errors": []}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Tests are told by what is remembered."""

    return Handler


@pytest.fixture
def ingestion() -> Iterator[Ingestion]:
    ingestion = Ingestion()
    thread = threading.Thread(target=ingestion.server.serve_forever, daemon=True)
    thread.start()
    yield ingestion
    ingestion.server.shutdown()
    ingestion.server.server_close()


def test_a_request_arrives_with_its_operation_and_nothing_of_the_name(
    new_host: NewHost, ingestion: Ingestion
) -> None:
    told = f"InstrumentationKey={_KEY};IngestionEndpoint={ingestion.url}/"
    host = new_host(
        environment={"RAG_TRACES": "azure_monitor", "APPLICATIONINSIGHTS_CONNECTION_STRING": told}
    ).start()
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    host.client.get(
        "/api/documents/secret-name", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    )
    route = "GET /api/documents/{document_id}"

    def told_of_it() -> list[dict[str, Any]]:
        return [each for each in ingestion.told if each["data"]["baseData"].get("name") == route]

    host.wait_until(lambda: bool(told_of_it()))
    (envelope,) = told_of_it()
    assert envelope["name"].endswith("Request")
    assert envelope["data"]["baseData"]["responseCode"] == "401"
    assert envelope["tags"]["ai.operation.id"] == trace_id
    assert envelope["tags"]["ai.cloud.role"] == "rag-functions"
    assert "secret-name" not in json.dumps(ingestion.told)


def test_a_missing_connection_string_stops_the_start(new_host: NewHost) -> None:
    host = new_host(environment={"RAG_TRACES": "azure_monitor"})
    host.launch()
    assert host.wait() == 1
    assert "RAG_TRACES=azure_monitor needs APPLICATIONINSIGHTS_CONNECTION_STRING" in host.text()
