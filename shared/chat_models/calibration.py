"""What a similarity of the embedder in use means. Called by chat_models.extractive.

Models differ: of two unrelated sentences one says 0.05, another 0.75. So a few questions are embedded
with their answers, and similarities are read on the scale from a wrong pair (0) to a right one (1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from statistics import fmean
from typing import Self

from shared.domain import Embedding

CALIBRATION = (
    ("When does the museum close?", "The museum closes at six in the evening."),
    ("How long may goods be returned?", "Unused goods may be returned within two weeks of delivery."),
    ("Who built the bridge over the river?", "The river bridge was built by the engineer Anna Lind."),
    ("What does the annual ticket cost?", "An annual ticket costs forty euros."),
    ("How is the device restarted?", "Hold the power button for five seconds to restart the device."),
    ("Which trees grow in the park?", "Oaks, limes and two old cedars grow in the park."),
    ("Why was the flight delayed?", "Fog over the runway delayed the flight by three hours."),
    ("Where are the backups kept?", "Backups are kept in a second data centre in another city."),
)


@dataclass(frozen=True, kw_only=True)
class Scale:
    unrelated: float  # mean similarity of a question to the answers of others
    answer: float  # to its own

    @classmethod
    def between(cls, questions: Sequence[Embedding], answers: Sequence[Embedding]) -> Self:
        right = [dot(question, answer) for question, answer in zip(questions, answers, strict=True)]
        wrong = [
            dot(question, answer)
            for number, question in enumerate(questions)
            for other, answer in enumerate(answers)
            if other != number
        ]
        return cls(unrelated=fmean(wrong), answer=fmean(right))

    def similarity(self, cosine: float) -> float:
        """0 as between strangers, 1 as between a question and its answer."""
        return (cosine - self.unrelated) / max(1e-6, self.answer - self.unrelated)


def dot(one: Embedding, other: Embedding) -> float:
    """The cosine, as both have unit length. 384 products need no library."""
    return float(sum(map(mul, one, other)))
