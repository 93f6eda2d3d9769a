"""What the OpenAI stand-in says: what it is told, or the sentence of the prompt's passages that fits best."""

import re
from collections.abc import Iterator
from typing import Any

from shared.query.prompt import DONT_KNOW
from tests.stand_ins.openai_behaviour import Behaviour

_PASSAGE = re.compile(r'<passage number="(\d+)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def chunks(body: dict[str, Any], behaviour: Behaviour) -> Iterator[dict[str, Any]]:
    """The events of a stream."""
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": _model(body)}
    if behaviour.has_empty_choices:
        yield {**frame, "choices": []}
    for number, piece in enumerate(_answer(body, behaviour).split(" ")):
        text = piece if number == 0 else " " + piece
        delta = {"role": "assistant", "content": text} if number == 0 else {"content": text}
        yield {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": behaviour.finish_reason}]}
    if behaviour.has_usage and body.get("stream_options", {}).get("include_usage"):
        yield {**frame, "choices": [], "usage": _usage(body, behaviour)}


def completion(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    message = {"role": "assistant", "content": _answer(body, behaviour)}
    told = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": _model(body)}
    told["choices"] = [{"index": 0, "message": message, "finish_reason": behaviour.finish_reason}]
    return {**told, "usage": _usage(body, behaviour)} if behaviour.has_usage else told


def _model(body: dict[str, Any]) -> str:
    return str(body.get("model") or "gpt-stand-in")  # Azure has the deployment in the path


def _answer(body: dict[str, Any], behaviour: Behaviour) -> str:
    passages = _PASSAGE.findall("\n".join(str(message["content"]) for message in body["messages"]))
    if not passages or behaviour.answer != Behaviour.answer:
        return behaviour.answer
    asked = _words(str(body["messages"][-1]["content"]))
    sentences = [(text, number) for number, content in passages for text in _SENTENCE_END.split(content)]
    text, number = max(sentences, key=lambda sentence: len(asked & _words(sentence[0])))
    return f"{text} [{number}]" if asked & _words(text) else DONT_KNOW


def _words(text: str) -> set[str]:
    """Those that mean something, without most endings."""
    return {word[:5] for word in re.findall(r"\w{4,}|\d+", text.casefold())}


def _usage(body: dict[str, Any], behaviour: Behaviour) -> dict[str, int]:
    asked = sum(len(str(message["content"]).split()) for message in body["messages"])
    said = len(_answer(body, behaviour).split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
