"""Servers of language models are known by what they answer, and nobody elsewhere is asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli.model_servers import ModelServer, find, is_here

PATIENCE = 20.0  # seconds: the machine may be busy


def listed(*models: dict[str, Any]) -> bytes:
    return json.dumps({"object": "list", "data": list(models)}).encode()


# What each answers to `GET /v1/models`, as far as it matters here.
OLLAMA = listed(
    {"id": "nomic-embed-text:latest", "object": "model", "created": 1, "owned_by": "library"},
    {"id": "llama3.1:latest", "object": "model", "created": 1, "owned_by": "library"},
    {"id": "qwen2.5:7b", "object": "model", "created": 1, "owned_by": "library"},
)
LLAMA_CPP = listed(
    {"id": "/models/phi-4.gguf", "object": "model", "owned_by": "llamacpp", "meta": {"n_vocab": 1}}
)
VLLM = listed({"id": "Qwen/Qwen3-8B", "object": "model", "owned_by": "vllm", "max_model_len": 4096})
LM_STUDIO = listed(
    {"id": "text-embedding-nomic-embed-text-v1.5", "object": "model", "owned_by": "organization_owner"},
    {"id": "gemma-3-4b-it", "object": "model", "owned_by": "organization_owner"},
)


class _Answering(ThreadingHTTPServer):
    daemon_threads = True
    answer: Callable[[BaseHTTPRequestHandler], None]
    asked: list[str]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _Answering)
        server.asked.append(self.path)
        server.answer(self)

    def log_message(self, *args: object) -> None:
        pass


Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server on a free port, and tells its address with its `/v1`."""
    with ExitStack() as running:

        def start(content: bytes = b"", status: int = 200, answer: Any = None, headers: Any = None) -> str:
            def plain(request: BaseHTTPRequestHandler) -> None:
                request.send_response(status)
                for name, value in (headers or {}).items():
                    request.send_header(name, value)
                request.send_header("Content-Length", str(len(content)))
                request.end_headers()
                request.wfile.write(content)

            server = running.enter_context(_Answering(("127.0.0.1", 0), _Handler))
            server.answer, server.asked = answer or plain, []
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            running.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}/v1"

        yield start


@pytest.mark.parametrize(
    ("content", "name", "models"),
    [
        (OLLAMA, "Ollama", ("llama3.1:latest", "qwen2.5:7b")),
        (LLAMA_CPP, "llama.cpp", ("/models/phi-4.gguf",)),
        (VLLM, "vLLM", ("Qwen/Qwen3-8B",)),
        (LM_STUDIO, "LM Studio", ("gemma-3-4b-it",)),
    ],
    ids=["ollama", "llama.cpp", "vllm", "lmstudio"],
)
async def test_a_server_is_found_with_its_models_that_chat(serve: Serve, content, name, models) -> None:
    url = serve(content)
    assert await find([url], patience=PATIENCE) == [ModelServer(name=name, url=url, models=models)]


async def test_a_server_of_no_known_maker_is_named_by_its_port(serve: Serve) -> None:
    url = serve(listed({"id": "some-model"}))
    (server,) = await find([url], patience=PATIENCE)
    assert server.name == f"A model server on port {url.split(':')[2].removesuffix('/v1')}"


async def test_all_are_asked_and_told_in_their_order(serve: Serve) -> None:
    urls = [serve(VLLM), serve(b"<html>"), serve(OLLAMA)]
    assert [each.name for each in await find(urls, patience=PATIENCE)] == ["vLLM", "Ollama"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<html><body>It works!</body></html>", 200),
        (b'{"models": []}', 200),
        (b'{"object": "list", "data": {"id": "x"}}', 200),
        (b'[{"id": "x"}]', 200),
        (listed(), 200),
        (listed({"id": 5}, {"name": "x"}), 200),
        (listed({"id": "nomic-embed-text"}, {"id": "bge-m3"}, {"id": "whisper-1"}), 200),
        (listed({"id": "a\nforged line"}), 200),
        (OLLAMA, 401),
        (OLLAMA, 404),
        (b"[" * 100_000, 200),
        (b" " * 2_000_000, 200),
    ],
    ids=[
        "a web page", "other JSON", "no list", "a list alone", "no models", "no ids", "none that chats",
        "a name of two lines", "one that wants a key", "another service", "nested", "endless",
    ],
)  # fmt: skip
async def test_other_programs_are_told_from_it(serve: Serve, content: bytes, status: int) -> None:
    assert await find([serve(content, status)], patience=PATIENCE) == []


async def test_a_redirection_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(OLLAMA)
    url = serve(status=307, headers={"Location": f"{elsewhere}/models"})
    assert await find([url], patience=PATIENCE) == []


async def test_who_says_nothing_is_not_waited_for(serve: Serve) -> None:
    ended = threading.Event()
    url = serve(answer=lambda request: ended.wait(60))
    assert await find([url], patience=0.05) == []
    ended.set()


async def test_where_nobody_listens_nothing_is_found(serve: Serve) -> None:
    assert await find(["http://127.0.0.1:1/v1"], patience=PATIENCE) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/v1",
        "http://models.example.com:11434/v1",
        "https://127.0.0.1/v1",
        "http://127.0.0.1.example.com/v1",
        "http://127.0.0.1@example.com/v1",
        "http://0.0.0.0:8000/v1",
        "http://[::1",
        "ftp://127.0.0.1/v1",
        "llama3.1",
    ],
)
async def test_nobody_elsewhere_is_asked(url: str) -> None:
    assert not is_here(url)
    with pytest.raises(ValueError, match="is not on this machine"):
        await find([url], patience=PATIENCE)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1", "http://localhost:8000/v1", "http://[::1]:8000/v1"]
)
def test_this_machine_is_known(url: str) -> None:
    assert is_here(url)
