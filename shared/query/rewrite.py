"""From a follow-up to a question that can be searched for by itself. Called by query.answer."""

import re
from collections.abc import Sequence

from shared.domain import Turn

# A question that leans on the one before: it opens like one, or points at something it does not name.
_LEANS = re.compile(
    r"^\s*(and|but|or|so|also|what about|how about|und|oder|aber|y|et|mais)\b"
    r"|\b(it|its|that|this|these|those|they|them|their|he|she|his|her|there|one|ones|former|latter)\b",
    re.IGNORECASE,
)
_SHORT = 3  # words


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The text to search for: the question, after the one before it if it leans on that."""
    if not history or not (_LEANS.search(question) or len(question.split()) <= _SHORT):
        return question
    return f"{history[-1].question}\n{question}"
