"""What every `ChatModel` promises, whoever writes its words."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from shared.chat_models.azure_openai import AzureOpenAIChat
from shared.chat_models.base import ChatModel
from shared.chat_models.extractive import ExtractiveChatModel
from shared.chat_models.langchain import LangChainChat
from shared.chat_models.llama import LlamaChat
from shared.chat_models.openai_compatible import OpenAIChat
from shared.domain import ChatDelta, Chunk, Message, Passage, Prompt
from shared.embedders.onnx import OnnxEmbedder
from shared.errors import BackendTimeout
from tests.stand_ins.llama_runner import ToldRunner
from tests.stand_ins.openai_server import CHAT, MODEL, OpenAIServer
from tests.stand_ins.weights import weights  # noqa: F401 - fixture

pytestmark = pytest.mark.embedder

TEXTS = (
    "The library is closed on public holidays. Its reading room seats forty people.",
    "Books may be returned free of charge within thirty days. Later returns cost one euro a week.",
)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.behave(answer="Books may be returned free of charge within thirty days. [2]", token_delay=0.01)
        yield server


@asynccontextmanager
async def extractive(request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    embedder = OnnxEmbedder(request.getfixturevalue("weights"), threads=1)
    yield ExtractiveChatModel(embedder)
    await embedder.close()


@asynccontextmanager
async def openai(request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    server: OpenAIServer = request.getfixturevalue("server")
    model = OpenAIChat(base_url=server.url, api_key="any", model=MODEL)
    yield model
    await model.close()


@asynccontextmanager
async def azure_openai(request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    server: OpenAIServer = request.getfixturevalue("server")
    model = AzureOpenAIChat(
        endpoint=server.endpoint, deployment=CHAT, api_version="2024-10-21", credential="any"
    )
    yield model
    await model.close()


@asynccontextmanager
async def langchain(request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    environment: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    environment.setenv("OPENAI_BASE_URL", request.getfixturevalue("server").url)
    environment.setenv("OPENAI_API_KEY", "any")
    model = LangChainChat.open(f"openai:{MODEL}", max_tokens=200)
    yield model
    await model.close()


@asynccontextmanager
async def llama(request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    async with extractive(request) as quoting:
        runner = ToldRunner([TEXTS[1][:30], TEXTS[1][30:]])
        model = LlamaChat(runner, name="small", window=2048, quoting=quoting, reads_quotations=True)
        yield model
        await model.close()


OPENERS: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[ChatModel]]] = {
    "extractive": extractive,
    "openai": openai,
    "azure_openai": azure_openai,
    "langchain": langchain,
    "llama": llama,
}


@pytest.fixture(params=list(OPENERS))
async def model(request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    async with OPENERS[request.param](request) as model:
        yield model


def prompt(question: str = "How long may books be returned free of charge?") -> Prompt:
    passages = tuple(
        Passage(
            marker=number,
            chunk=Chunk(
                id=f"d.1.{number}",
                document_id="d",
                version=1,
                ordinal=number,
                page=number,
                title="Library rules",
                heading="",
                content=text,
            ),
            document_name="shared/rules.md",
            page_kind="page",
            score=1 / number,
        )
        for number, text in enumerate(TEXTS, start=1)
    )
    messages = (Message(role="system", content="\n".join(TEXTS)), Message(role="user", content=question))
    return Prompt(question=question, passages=passages, messages=messages, max_tokens=200)


async def answer(model: ChatModel, prompt: Prompt) -> list[ChatDelta]:
    return [delta async for delta in model.stream(prompt, timeout=30)]


async def test_the_answer_cites_the_passage_it_comes_from(model: ChatModel) -> None:
    text = "".join(delta.text for delta in await answer(model, prompt()))
    assert "thirty days" in text
    assert "[2]" in text
    assert {int(marker) for marker in re.findall(r"\[(\d+)\]", text)} <= {1, 2}


async def test_the_last_delta_carries_the_usage(model: ChatModel) -> None:
    deltas = await answer(model, prompt())
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert all(delta.usage is None for delta in deltas[:-1])


async def test_closing_the_iterator_early_is_quiet_and_leaves_the_model_usable(model: ChatModel) -> None:
    stream = model.stream(prompt(), timeout=30)
    assert (await anext(stream)).text
    await stream.aclose()  # type: ignore[attr-defined]
    assert await answer(model, prompt())


async def test_several_answers_at_once_do_not_mix(model: ChatModel) -> None:
    answers = await asyncio.gather(*(answer(model, prompt()) for _ in range(3)))
    texts = {"".join(delta.text for delta in deltas) for deltas in answers}
    assert len(texts) == 1


async def test_a_deadline_that_has_passed_is_a_timeout(model: ChatModel) -> None:
    with pytest.raises(BackendTimeout):
        async for _ in model.stream(prompt(), timeout=0):
            pass


async def test_it_has_a_name(model: ChatModel) -> None:
    assert model.name
