"""The local model that comes with the project, asked for once: `make test` fetches it where it can."""

from pathlib import Path

import pytest

from shared.chat_models.llama import LlamaChat
from shared.chat_models.llama_process import LlamaProcess
from shared.query.cite import markers
from tests.unit.chat_models.test_llama import Quoting, prompt

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".cache" / "llm" / "bin" / "python"
MODEL = ROOT / ".cache" / "models" / "smollm2-135m-instruct" / "model.gguf"

pytestmark = pytest.mark.skipif(
    not (PYTHON.exists() and MODEL.exists()), reason="no local model: make language-model"
)


@pytest.mark.timeout(600)
async def test_it_writes_what_a_passage_carries_and_says_what_does_not_fit() -> None:
    process = LlamaProcess(MODEL, window=1024, threads=1, python=str(PYTHON))
    quotes = Quoting("Books may be returned free of charge within 30 days. [2]")
    model = LlamaChat(process, name="small", window=1024, quoting=quotes, reads_quotations=True)
    try:
        deltas = [delta async for delta in model.stream(prompt(), timeout=500)]
        (text,) = [delta.text for delta in deltas if delta.text]
        assert "30 days" in text
        assert markers(text) == {2}
        usage = deltas[-1].usage
        assert usage is not None
        assert 20 < usage.prompt_tokens < 500
        assert 0 < usage.completion_tokens < 100
        talk = [{"role": "user", "content": "The rules are long. " * 800}]
        (refused,) = [event async for event in process.ask({"messages": talk, "max_tokens": 5})]
        assert 0 < refused["too_long"] < 0.5
    finally:
        await model.close()
