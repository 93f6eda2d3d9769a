"""A model that says all that it is told, by whoever: its instructions, the passages, the talk so far."""

import asyncio
import random

from shared.domain import ChatDelta, Usage

_LONGEST_PIECE = 7


class ObedientModel:
    name = "obedient"

    def __init__(self) -> None:
        self.told: list[str] = []  # all of it, once for each time that it is asked

    async def stream(self, prompt, *, timeout):
        self.told.append("\n".join(message.content for message in prompt.messages))
        passages = [
            f"{each.document_name}\n\n{each.chunk.content}\n\n[{each.marker}]" for each in prompt.passages
        ]
        said = "\n\n".join([*passages, self.told[-1]]) if passages else _lines_of_data(prompt)
        sizes = random.Random(len(said))
        while said:
            size = sizes.randint(1, _LONGEST_PIECE)
            yield ChatDelta(text=said[:size])
            said = said[size:]
            await asyncio.sleep(0)
        yield ChatDelta(usage=Usage(prompt_tokens=50, completion_tokens=7))

    async def close(self) -> None:
        pass


def _lines_of_data(prompt) -> str:
    """What the passages say, where it is asked beside an answer."""
    lines = prompt.messages[-1].content.partition("<question>")[0].split("\n")
    return "\n".join(line for line in lines if line and not line.startswith(("<passage", "</")))
