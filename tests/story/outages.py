"""What can fail of the Azure profile, how, and what comes of it; docs/operations.md tells people the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from tests.stand_ins.gate import Fault

FAULTS: tuple[Fault, ...] = get_args(Fault)
ANY: frozenset[str | None] = frozenset({None, "smaller_model", "extractive", "text_search"})


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a question gets: one of `statuses`, and of `degraded` where it is answered."""

    dependency: str  # as the page names it
    fault: Fault
    statuses: frozenset[int] = frozenset({200})
    degraded: frozenset[str | None] = frozenset({None})
    breaker: str | None = None  # the label of the one that opens
    is_ready: bool | None = True  # what the probe says; None: either
    named: str | None = None  # of its checks, while it is ready nevertheless

    @property
    def id(self) -> str:
        return f"{self.dependency}: {self.fault}"


def _of_models() -> Iterator[Case]:
    """What is asked in their place; while they flap, one or the other."""
    for dependency, instead, breaker in (
        ("chat model", "smaller_model", "chat_model"),
        ("chat model and smaller one", "extractive", "smaller_chat_model"),
        ("embedder", "text_search", "embedder"),
        ("all of Azure OpenAI", "extractive", "embedder"),
    ):
        for fault in FAULTS:
            is_steady = fault != "flapping"
            yield Case(
                dependency=dependency,
                fault=fault,
                degraded=frozenset({instead}) if is_steady else ANY,
                breaker=breaker if is_steady else None,
            )


def _of_the_indispensable() -> Iterator[Case]:
    statuses = {"down": {503}, "slow": {503, 504}, "wrong": {503}, "flapping": {200, 503, 504}}
    for dependency, breaker in (("search index", "search_index"), ("metadata store", "metadata")):
        for fault in FAULTS:
            is_steady = fault != "flapping"
            yield Case(
                dependency=dependency,
                fault=fault,
                statuses=frozenset(statuses[fault]),
                # What is found late leaves the chat model little time for its first word.
                degraded=frozenset({None}) if is_steady else ANY,
                breaker=breaker if is_steady else None,
                is_ready=False if is_steady else None,
            )


def _of_the_unnoticed() -> Iterator[Case]:
    for dependency, check in (
        ("cache", None),
        ("blob store", "blobs"),
        ("event queue", "queue"),
        ("key vault", None),
        ("Entra ID keys", None),
    ):
        for fault in FAULTS:
            yield Case(dependency=dependency, fault=fault, named=check if fault in ("down", "slow") else None)


CASES = [*_of_models(), *_of_the_indispensable(), *_of_the_unnoticed()]
