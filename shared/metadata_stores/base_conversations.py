"""The `ConversationStore` part of the `MetadataStore` protocol; `base` tells the rest and the errors."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol

from shared.domain import Citation, Conversation, Feedback, Turn

_TURN, _CITATION = ({field.name for field in fields(kind)} for kind in (Turn, Citation))


def to_turn(stored: Mapping[str, Any]) -> Turn:
    """As it was stored, also by an older release, which knew fewer fields, or a newer one, with more."""
    values = {name: stored[name] for name in _TURN & stored.keys()}
    values["citations"] = tuple(
        Citation(**{name: citation[name] for name in _CITATION & citation.keys()})
        for citation in stored["citations"]
    )
    values["leans_on"] = tuple(stored.get("leans_on", ()))
    return Turn(**values)


class ConversationStore(Protocol):
    """What users asked and were answered, each their own."""

    async def add_turn(
        self, conversation_id: str, user_id: str, turn: Turn, *, title: str, max_turns: int
    ) -> bool:
        """Append, making the conversation (with `title`) if it is new; the oldest beyond max_turns go.

        False, and nothing changed, if the id is another user's.
        """

    async def conversation(self, conversation_id: str, user_id: str) -> Conversation | None:
        """None also for another user's."""

    async def list_conversations(
        self, user_id: str, *, limit: int = 100, after: tuple[float, str] | None = None
    ) -> list[Conversation]:
        """Newest first, without turns; those after this (updated_at, id), whether it is there or not."""

    async def rename_conversation(self, conversation_id: str, user_id: str, title: str) -> bool: ...

    async def delete_conversation(self, conversation_id: str, user_id: str) -> bool: ...

    async def delete_conversations(self, user_id: str) -> None:
        """All of this user."""

    async def add_feedback(self, feedback: Feedback) -> None:
        """A user's later word on the same answer replaces the earlier one."""

    async def cited_turns(self, *, limit: int) -> list[Turn]:
        """Of all users' conversations those whose answer has a citation, the newest first, 1 or more."""
