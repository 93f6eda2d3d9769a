"""What could be changed, and what that saves: each lever is tried by making the bill again.

Used by `bench.cost`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.cost.bill import Assumptions, Load, Tier, bill
from bench.cost.prices import Price

_CHEAPER: Mapping[Tier, str] = {"dev": "gpt_4_1_nano", "functions": "gpt_4_1_mini", "aks": "gpt_4_1_mini"}


@dataclass(frozen=True, kw_only=True)
class Lever:
    """`costs_you`: what is worse afterwards."""

    name: str
    given: Assumptions
    costs_you: str
    chat: str = ""  # another model


def levers(tier: Tier, given: Assumptions) -> list[Lever]:
    return [
        Lever(
            name="`AZURE_OPENAI_EMBEDDING_DIMENSION=512`",
            given=replace(given, dimension=512),
            costs_you="some recall; a new index version, compared before it is promoted",
        ),
        Lever(
            name="`RAG_CONTEXT_TOKENS=1500`",
            given=replace(given, prompt_tokens=given.prompt_tokens / 2),
            costs_you="answers that need many passages",
        ),
        Lever(
            name=f"`{_CHEAPER[tier].replace('_', '-').replace('4-1', '4.1')}` as chat deployment",
            given=given,
            costs_you="quality of the prose; `rag eval` tells how much",
            chat=_CHEAPER[tier],
        ),
        Lever(
            name="a third of the questions from the answer cache",
            given=replace(given, cached_share=max(given.cached_share, 1 / 3)),
            costs_you="nothing; but it is your users who decide whether they ask the same",
        ),
    ]


def best_lever(
    load: Load, tier: Tier, prices: Mapping[str, Price], given: Assumptions
) -> tuple[Lever, float]:
    """The one that saves most, and how many dollars a month."""

    def saved(lever: Lever) -> float:
        return now - sum(line.usd for line in bill(load, tier, prices, lever.given, chat=lever.chat))

    now = sum(line.usd for line in bill(load, tier, prices, given))
    best = max(levers(tier, given), key=saved)
    return best, saved(best)
