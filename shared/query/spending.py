"""What an answer costs, by the price table of the settings. Called by query.ledger."""

from collections.abc import Mapping
from typing import TypeAlias

from shared.domain import Answer, Spent

Prices: TypeAlias = Mapping[str, tuple[float, float]]  # model: US dollars per million tokens, in and out


def spent_on(answer: Answer, prices: Prices) -> Spent:
    """A model without a price costs nothing."""
    prompt, completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
    prompt_price, completion_price = prices.get(answer.model, (0.0, 0.0))
    return Spent(
        questions=1,
        prompt_tokens=prompt,
        completion_tokens=completion,
        saved_tokens=answer.saved.prompt_tokens + answer.saved.completion_tokens,
        cost=round(prompt * prompt_price + completion * completion_price),
    )
