"""What an answer costs, by the price table of the settings. Called by query.ledger."""

from collections.abc import Mapping
from typing import TypeAlias

from shared.domain import Answer, Spent

Prices: TypeAlias = Mapping[str, tuple[float, float]]  # model: US dollars per million tokens, in and out


def spent_on(answer: Answer, prices: Prices) -> Spent:
    """An answer that was not written anew costs nothing: it saves what it cost when it was."""
    usage = answer.usage
    if answer.cache in ("hit", "shared"):
        return Spent(questions=1, saved_tokens=usage.prompt_tokens + usage.completion_tokens)
    prompt_price, completion_price = prices.get(answer.model, (0.0, 0.0))
    return Spent(
        questions=1,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cost=round(usage.prompt_tokens * prompt_price + usage.completion_tokens * completion_price),
    )
