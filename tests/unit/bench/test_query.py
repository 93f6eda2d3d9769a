"""What measures questions reads answers rightly, and Locust's file asks routes that there are."""

import ast
import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bench.query_host.clients import Client, Load, run, why_not

ROOT = Path(__file__).parents[3]
LOCUSTFILE = ROOT / "tests/load/people.py"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
DONE = b'event: done\ndata: {"degraded": null}\n\n'


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


STREAM = HEAD + chunked(b'event: context\ndata: {"conversation_id":"c1"}\n\n', DONE)
WHOLE = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"degraded": null}'


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (STREAM, None),
        (WHOLE, None),
        (HEAD + chunked(b"event: error\ndata: {}\n\n"), "no done"),
        (STREAM.replace(b"null", b'"extractive"'), "degraded"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}", "503"),
    ],
)
def test_only_a_whole_answer_of_the_model_counts(answer: bytes, failure: str | None) -> None:
    assert why_not(answer) == failure


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[bytes], object]]:
    """Answers every question with the same bytes, one at a time; tells where, and what was asked."""
    servers: list[asyncio.Server] = []
    asked: list[bytes] = []

    async def start(answer: bytes) -> tuple[int, list[bytes]]:
        async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while question := await reader.read(65536):
                asked.append(question)
                for at in range(0, len(answer), 7):  # in pieces that split everything
                    writer.write(answer[at : at + 7])
                    await writer.drain()
                    await asyncio.sleep(0)
            writer.close()

        servers.append(await asyncio.start_server(serve_one, "127.0.0.1", 0))
        return servers[-1].sockets[0].getsockname()[1], asked

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("answer", [STREAM, WHOLE])
async def test_a_client_waits_for_the_whole_answer_however_it_comes(
    serve: Callable[..., object], answer: bytes
) -> None:
    port, _ = await serve(answer)
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    for _ in range(2):
        assert await client.ask(b"a question") == answer
    client.close()


async def test_follow_ups_name_the_conversation_and_new_questions_do_not(
    serve: Callable[..., object],
) -> None:
    port, asked = await serve(STREAM)
    load = Load(port=port, token="t", at_once=1, question="How?", seconds=0.2)
    outcome = await run(load)
    assert len(outcome.taken) == len(asked) > 1
    assert not any(b"conversation_id" in question for question in asked)
    assert len(set(asked)) == len(asked)
    asked.clear()
    await run(Load(port=port, token="t", at_once=1, question="How?", seconds=0.2, kind="follow_up"))
    assert [b'"conversation_id": "c1"' in question for question in asked] == [False] + [True] * (
        len(asked) - 1
    )


def test_locust_asks_routes_that_the_api_describes() -> None:
    tree = ast.parse(LOCUSTFILE.read_text(encoding="utf-8"))
    paths = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/api/")
    } - {"/api/documents/load/", "/api/documents/"}  # with a name behind it; another method
    described = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert "/api/query" in paths
    assert [path for path in paths if f"POST {path}`" not in described] == []
