"""The bridge in the real worker: what goes over the wire, what is cancelled, what is left behind."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.worker.functions_host import FunctionsHost

PROBE_APP = Path(__file__).with_name("probe_app")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def probe(start_host: Any) -> Iterator[tuple["FunctionsHost", httpx.Client]]:
    with start_host(PROBE_APP) as running:
        yield running


@pytest.fixture
def client(probe: tuple["FunctionsHost", httpx.Client]) -> httpx.Client:
    return probe[1]


def wait_until_seen(client: httpx.Client, what: str) -> None:
    deadline = time.monotonic() + 10
    while what not in client.get("/seen").json():
        assert time.monotonic() < deadline, f"{what!r} never happened"
        time.sleep(0.01)


def test_a_stream_arrives_piece_by_piece(client: httpx.Client) -> None:
    with client.stream("GET", "/stream/pieces") as response:
        pieces = response.iter_text()
        assert next(pieces) == "first"  # the second is not made before the gate opens
        client.post("/gates/pieces")
        assert next(pieces) == "second"
        assert list(pieces) == []


def test_the_invocation_of_a_stream_succeeds(client: httpx.Client) -> None:
    with client.stream("GET", "/stream/success") as response:
        client.post("/gates/success")
        response.read()
        assert response.extensions["invocation"].result(10).result.status == 1


def test_a_client_that_goes_away_cancels_the_stream(client: httpx.Client) -> None:
    with client.stream("GET", "/stream/abandoned") as response:
        pieces = response.iter_text()
        assert next(pieces) == "first"
        assert "closed abandoned" not in client.get("/seen").json()
    wait_until_seen(client, "closed abandoned")


def test_a_slow_reader_holds_the_producer_back(client: httpx.Client) -> None:
    pieces, size = 400, 256 * 1024  # 100 MB: far more than the sockets between them hold
    with client.stream("GET", "/flood", params={"pieces": pieces, "size": size}) as response:
        body = response.iter_raw(1024)
        next(body)
        produced = -1
        while produced != (produced := sum(event.startswith("produced") for event in _seen(client))):
            time.sleep(0.1)
        assert produced < pieces / 2


def test_an_error_before_the_first_byte_is_the_apis_own_problem(client: httpx.Client) -> None:
    response = client.get("/fail/early")
    assert (response.status_code, response.json()) == (500, {"title": "RuntimeError"})
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("path", "status"), [("/fail/early", 500), ("/fail/after", 200)])
def test_an_error_of_an_answered_request_leaves_the_connection_usable(
    client: httpx.Client, path: str, status: int
) -> None:
    for _ in range(20):
        assert client.get(path).status_code == status
        assert client.get("/seen").status_code == 200


def test_an_error_in_mid_stream_breaks_the_body_off(client: httpx.Client) -> None:
    with (
        client.stream("GET", "/fail/late") as response,
        pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)),
    ):
        response.read()


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_response_without_a_body_has_none(client: httpx.Client, method: str, status: int) -> None:
    response = client.request(method, f"/bare/{status}")
    assert (response.status_code, response.content, response.headers["etag"]) == (status, b"", '"1"')
    assert "transfer-encoding" not in response.headers


def test_duplicate_headers_are_kept(client: httpx.Client) -> None:
    assert len(client.get("/cookies").headers.get_list("set-cookie")) == 2


def test_background_tasks_finish_after_the_response(client: httpx.Client) -> None:
    assert client.get("/later/task").json() == "soon"
    wait_until_seen(client, "finished task")


def test_path_body_and_query_reach_the_api_whole(client: httpx.Client) -> None:
    body = b"0123456789" * 300_000
    response = client.put("/files/a/b%20c/%C3%A4.txt?q=1%262", content=body)
    expected = {"path": "a/b c/ä.txt", "size": len(body), "query": {"q": "1&2"}, "root": ""}
    assert response.json() == expected


def test_the_api_resolves_its_own_routes(client: httpx.Client) -> None:
    assert httpx.URL(client.get("/url").json()).path == "/seen"


def test_the_api_runs_under_the_invocations_id(client: httpx.Client) -> None:
    response = client.get("/invocation")
    assert response.json() == response.extensions["invocation"].result(10).invocation_id


def test_an_unknown_path_is_the_hosts_404(client: httpx.Client) -> None:
    assert client.get("/nothing").status_code == 404


def _seen(client: httpx.Client) -> list[str]:
    events: list[str] = client.get("/seen").json()
    return events
