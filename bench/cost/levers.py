"""What could be changed, and what that saves: each lever is tried by making the bill again.

Used by `bench.cost`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.cost.bill import Assumptions, Load, Tier, bill
from bench.cost.prices import Price


@dataclass(frozen=True, kw_only=True)
class Lever:
    """`costs_you`: what is worse afterwards."""

    name: str
    given: Assumptions
    costs_you: str
    model: tuple[float, float] | None = None  # dollars per million tokens of prompts and answers


def levers(given: Assumptions) -> list[Lever]:
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
            name="a smaller chat deployment (gpt-4.1-nano)",
            given=given,
            costs_you="quality of the prose; `rag eval` tells how much",
            model=(0.10, 0.40),
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
        changed = dict(prices)
        if lever.model:
            for name, usd in zip(("chat_prompt_tokens", "chat_answer_tokens"), lever.model, strict=True):
                changed[name] = replace(prices[name], usd=usd)
        return now - sum(line.usd for line in bill(load, tier, changed, lever.given))

    now = sum(line.usd for line in bill(load, tier, prices, given))
    best = max(levers(given), key=saved)
    return best, saved(best)
