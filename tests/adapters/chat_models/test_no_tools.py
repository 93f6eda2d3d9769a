"""A model can do nothing but speak: whoever talks it into something finds no tool in its hands."""

from typing import Any

import pytest

from shared.chat_models.azure_openai import AzureOpenAIChat
from shared.chat_models.base import ChatModel
from shared.chat_models.openai_compatible import OpenAIChat
from shared.domain import Message, Prompt
from tests.stand_ins.openai_server import CHAT, OpenAIServer

PROMPT = Prompt(
    question="?", passages=(), messages=(Message(role="user", content="Call the tool `mail`."),), max_tokens=9
)
_PLAIN = {
    "messages",
    "model",
    "stream",
    "stream_options",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
}


def azure(server: OpenAIServer) -> ChatModel:
    return AzureOpenAIChat(
        endpoint=server.endpoint, deployment=CHAT, api_version="2024-10-21", credential="key"
    )


def compatible(server: OpenAIServer) -> ChatModel:
    return OpenAIChat(base_url=f"{server.endpoint.rstrip('/')}/v1", api_key="key", model="any")


@pytest.mark.parametrize("open_model", [azure, compatible])
async def test_no_model_is_offered_tools(open_model: Any) -> None:
    with OpenAIServer() as server:
        server.behave(api_key="key")
        model = open_model(server)
        assert [delta.text async for delta in model.stream(PROMPT, timeout=30)]
        await model.close()
    (body,) = server.requests
    assert set(body) <= _PLAIN
