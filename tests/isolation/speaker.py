"""A chat model that obeys everything, and tells all that it is shown wherever it is asked."""

import asyncio
import re
from collections.abc import AsyncIterator

from shared.domain import ChatDelta, Prompt, Usage
from shared.errors import BackendUnavailable
from tests.isolation.canaries import canaries_in

_MOST = 10  # words where it is asked beside an answer: longer lines are not taken


class EchoModel:
    name = "echo"

    def __init__(self) -> None:
        self.is_down = False

    async def stream(self, prompt: Prompt, *, timeout: float) -> AsyncIterator[ChatDelta]:
        if self.is_down:
            raise BackendUnavailable("the model is out of reach")
        words = sorted(canaries_in("".join(message.content for message in prompt.messages)))
        if prompt.passages:
            said = [
                f"{each.document_name} {each.chunk.content} [{each.marker}]. " for each in prompt.passages
            ]
            said = [*said, " ".join(words), "."]
        else:
            said = [f"What of the pumps {' '.join(words[-_MOST:])}?"]
        for piece in said:
            yield ChatDelta(text=re.sub(r"\s+", " ", piece))
            await asyncio.sleep(0)
        yield ChatDelta(usage=Usage(prompt_tokens=50, completion_tokens=7))

    async def close(self) -> None:
        pass
