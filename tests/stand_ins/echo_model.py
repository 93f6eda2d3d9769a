"""A model that tells all it knows: whatever reaches a prompt reaches what is shown."""

import asyncio
import re

from shared.domain import ChatDelta, Usage
from tests.stand_ins.secret_words import words_in

_MOST = 10  # words where it is asked beside an answer: longer lines are not taken


class EchoModel:
    name = "echo"

    async def stream(self, prompt, *, timeout):
        words = sorted(words_in("".join(message.content for message in prompt.messages)))
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
