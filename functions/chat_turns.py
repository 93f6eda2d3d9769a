"""From a list of chat messages to a question with its history. Used by the two foreign dialects."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain import Question, Turn
from shared.errors import InvalidRequest


@dataclass(frozen=True, kw_only=True)
class ChatMessage:
    role: str
    content: str


def question_of(
    messages: Sequence[ChatMessage], conversation_id: str | None = None, *, model: str | None = None
) -> Question:
    """The last user message is the question; pairs of user and assistant before it are its history.

    System messages are left out: what the model is told is ours to say. Errors: `InvalidRequest`.
    """
    if not messages or messages[-1].role != "user":
        raise InvalidRequest("the last message must be the user's")
    turns: list[Turn] = []
    asked: str | None = None
    for message in messages[:-1]:
        if message.role == "user":
            asked = message.content
        elif message.role == "assistant" and asked is not None:
            turns.append(Turn(question=asked, answer=message.content, citations=(), asked_at=0.0))
            asked = None
    return Question(
        text=messages[-1].content, conversation_id=conversation_id, history=tuple(turns), model=model
    )
