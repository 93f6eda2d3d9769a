"""What questions came to."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spent:
    questions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    saved_tokens: int = 0  # of answers that were not written anew; not among the two above
    cost: int = 0  # millionths of a US dollar

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            questions=self.questions + other.questions,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            saved_tokens=self.saved_tokens + other.saved_tokens,
            cost=self.cost + other.cost,
        )

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, kw_only=True)
class DailyUsage:
    """Of one user and one language model on one day."""

    user_id: str
    day: str  # 2026-11-23, UTC
    model: str
    spent: Spent
