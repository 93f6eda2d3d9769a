"""The settings of questions and answers: sizes, times, caches, limits. Part of `shared.settings`."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")


class QuerySettings(BaseSettings):
    max_question_chars: int = Field(4000, ge=100, le=100_000, description="Longest question.")
    max_top_k: int = Field(50, ge=1, le=50, description="Most passages that a question may ask for.")
    context_tokens: int = Field(3000, ge=200, le=100_000, description="Tokens of passages in a prompt.")
    history_tokens: int = Field(400, ge=0, le=100_000, description="Tokens of earlier turns in a prompt.")
    answer_tokens: int = Field(800, ge=50, le=16_000, description="Tokens of an answer.")
    answer_timeout_seconds: float = Field(30.0, ge=1, le=230, description="Deadline of a question.")
    first_token_seconds: float = Field(
        8.0,
        ge=0.5,
        le=230,
        description="How long an answer may take to its first word: what is left of it is shared out among "
        "the language model, the smaller one and the quotations that stand in for them.",
    )
    rewrite: Literal["auto", "off"] = Field(
        "auto",
        description="Follow-up questions: `auto` has the language model, where there is one, make questions "
        "of them that stand by themselves; `off` leaves it to a rule.",
    )
    follow_ups: int = Field(
        0, ge=0, le=5, description="Follow-up questions that are suggested with an answer."
    )
    link_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts that answers may link to, separated by commas, such as `wiki.example.com`. Every "
        "other link in an answer, and every picture and tag, becomes text.",
    )
    query_expansion: Literal["off", "multi_query", "decompose"] = Field(
        "off",
        description="What the language model makes of a question before the search: `multi_query` other "
        "wordings, `decompose` the parts of a question that needs several answers.",
    )
    reranker: Literal["off", "sentences"] = Field(
        "off",
        description="What puts the best passages of a search in front: `sentences` compares the question "
        "with each of their sentences, which costs seconds of a core. For Azure's semantic ranker see "
        "`AZURE_SEARCH_SEMANTIC_RANKER`.",
    )
    neighbours: int = Field(
        0, ge=0, le=3, description="Adjoining chunks on each side that the best passages bring along."
    )
    answer_cache_hours: float = Field(
        24.0, ge=0, le=8760, description="How long answers are remembered; 0: not at all."
    )
    requests_per_minute: int = Field(
        60, ge=0, description="Questions and searches of one user in a minute; 0: no limit."
    )
    requests_per_minute_address: int = Field(
        300, ge=0, description="The same, of one client's address, whoever asks; 0: no limit."
    )
    tokens_per_day_user: int = Field(
        0, ge=0, description="Tokens of language models for one user in a day (UTC); 0: no limit."
    )
    tokens_per_day: int = Field(
        0, ge=0, description="The same for everybody together: the organisation's; 0: no limit."
    )
    forwarded_hops: int = Field(
        0,
        ge=0,
        le=10,
        description="Proxies in front that add to `X-Forwarded-For`: the client's address is the entry that "
        "the outermost of them added. 0: the address of the connection.",
    )
    chat_prices: Annotated[dict[str, tuple[float, float]], NoDecode] = Field(
        {
            "gpt-4o": (2.5, 10.0),
            "gpt-4o-mini": (0.15, 0.6),
            "gpt-4.1": (2.0, 8.0),
            "gpt-4.1-mini": (0.4, 1.6),
            "gpt-4.1-nano": (0.1, 0.4),
        },
        description="US dollars per million tokens of language models, as `name=prompt/answer` separated by "
        "commas. What is not named costs nothing.",
    )
    most_in_flight: int = Field(
        2000,
        ge=10,
        le=100_000,
        description="Questions that one process answers at once at the most; how many of them it takes at "
        "present follows from how long they take.",
    )

    @field_validator("link_hosts", mode="before")
    @classmethod
    def _host_names(cls, value: object) -> object:
        """Errors: `ValueError` for what is more than the name of a host."""
        if not isinstance(value, str):
            return value
        names = tuple(filter(None, (part.strip().lower() for part in value.split(","))))
        for name in names:
            if not _HOST.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a host")
        return names

    @field_validator("chat_prices", mode="before")
    @classmethod
    def _price_table(cls, value: object) -> object:
        """Errors: `ValueError` for an entry without its two prices."""
        if not isinstance(value, str):
            return value
        table: dict[str, tuple[str, str]] = {}
        for part in filter(None, map(str.strip, value.split(","))):
            name, _, prices = part.rpartition("=")
            prompt, slash, answer = prices.partition("/")
            if not (name and slash):
                raise ValueError(f"{part!r} is not name=prompt/answer")
            table[name.strip()] = (prompt.strip(), answer.strip())
        return table
