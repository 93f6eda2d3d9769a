"""The `ConversationStore` part of the `MetadataStore` protocol; `base` tells the rest and the errors."""

from typing import Protocol

from shared.domain import Conversation, Feedback, Turn


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
