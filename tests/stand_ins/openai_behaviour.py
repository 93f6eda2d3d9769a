"""What the OpenAI stand-in can be told to do, and the names of what it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MODEL = "stand-in"  # of the OpenAI dialect
CHAT, SMALLER_CHAT, EMBEDDING = "chat", "chat-small", "embedding"  # Azure's deployments


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What the next requests meet. Delays are seconds; `*_after` count pieces of the answer."""

    answer: str = "Returns are free for thirty days [1]."  # unless the prompt has passages to quote
    finish_reason: str = "stop"
    api_key: str | None = None  # None: any will do
    bearer_token: str | None = None  # Azure's; None: any will do
    has_role: bool = True  # whether identities may use Azure's deployments
    deployments: Mapping[str, str] = field(
        default_factory=lambda: {CHAT: "chat", SMALLER_CHAT: "chat", EMBEDDING: "embeddings"}
    )
    refuses: frozenset[str] = frozenset()  # parameters that the deployments' models do not take
    filters_prompt: bool = False  # Azure's content filter
    dimension: int = 1536  # of embeddings, where a request names no smaller one
    embedding_tokens: int = 8191  # of an input at the most
    embedding_tokens_per_minute: int = 0  # 0: as many as are asked for
    status: int = 200
    retry_after: str | None = None
    body: str | None = None  # instead of what the API would say
    first_token_delay: float = 0.0  # also before embeddings
    token_delay: float = 0.0
    stall_after: int | None = None  # then silence until the client leaves
    reset_after: int | None = None  # then the connection is torn
    error_after: int | None = None  # then an error event in the stream
    flaps: bool = False  # every other request is answered 503
    has_usage: bool = True
    has_empty_choices: bool = False  # chunks without a choice, as Azure and others open with
