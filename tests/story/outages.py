"""What can fail of the Azure profile, how, and what comes of it; docs/operations.md tells people the same."""

from dataclasses import dataclass, field
from itertools import product
from typing import Literal, TypeAlias, get_args

from tests.stand_ins.gate import Fault

FAULTS: tuple[Fault, ...] = get_args(Fault)
Degraded: TypeAlias = Literal["smaller_model", "extractive", "text_search"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a question gets: one of `statuses`, and of `degraded` where it is answered."""

    dependency: str  # as the page names it
    fault: Fault
    statuses: frozenset[int] = frozenset({200})
    degraded: frozenset[Degraded | None] = field(default=frozenset({None}))
    breaker: str | None = None  # the label of the one that opens
    is_ready: bool | None = True  # what the probe says; None: either

    @property
    def id(self) -> str:
        return f"{self.dependency}: {self.fault}"


def _cases() -> list[Case]:
    cases: list[Case] = []
    # Models: what is asked in their place; while they flap, one or the other.
    for dependency, instead, breaker in (
        ("chat model", "smaller_model", "chat_model"),
        ("chat model and smaller one", "extractive", "smaller_chat_model"),
        ("embedder", "text_search", "embedder"),
        ("all of Azure OpenAI", "extractive", "embedder"),
    ):
        for fault in FAULTS:
            steady = fault != "flapping"
            degraded = {instead} if steady else {None, "smaller_model", "extractive", "text_search"}
            cases.append(
                Case(
                    dependency=dependency,
                    fault=fault,
                    degraded=frozenset(degraded),  # type: ignore[arg-type]
                    breaker=breaker if steady else None,
                )
            )
    # Without these two there is no answer.
    for dependency, breaker in (("search index", "search_index"), ("metadata store", "metadata")):
        for fault in FAULTS:
            steady = fault != "flapping"
            slow = {503, 504} if fault == "slow" else {503}
            cases.append(
                Case(
                    dependency=dependency,
                    fault=fault,
                    statuses=frozenset(slow if steady else {200, 503}),
                    breaker=breaker if steady else None,
                    is_ready=False if steady else None,
                )
            )
    # Nobody who asks notices these.
    for dependency, fault in product(
        ("cache", "blob store", "event queue", "key vault", "Entra ID keys"), FAULTS
    ):
        is_needed = dependency in ("blob store", "event queue")
        is_ready = (None if fault in ("wrong", "flapping") else False) if is_needed else True
        cases.append(Case(dependency=dependency, fault=fault, is_ready=is_ready))
    return cases


CASES = _cases()
