"""Whatever the pieces that a model's words come in: no dialect ever shows what the whole answer would not."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions import chat_completions, chat_protocol, query
from functions.event_stream import Wire
from shared.domain import ChatDelta, DeltaEvent
from shared.query import cite

KNOWN = frozenset({1, 2, 12})
INSTEAD = "I don't know."
WORDS = st.sampled_from(
    [
        *("The pump", " runs", " ", "\n", "ü", "\u2028", "[", "]", "【", ",", "2", "[1", "[not one]"),
        *("[1]", " [2]", "[12]", "【2】", "[3]", " [99]", "[1, 2]", "[1; 7]"),
    ]
)
DIALECTS = {
    "query": query.wire("?", "r"),
    "chat_protocol": chat_protocol.wire("?", "r"),
    "chat_completions": chat_completions.wire("r", tells_usage=True),
}


@st.composite
def answers_in_pieces(draw: st.DrawFn) -> list[str]:
    """An answer with markers of all kinds, cut anywhere."""
    text = "".join(draw(st.lists(WORDS, max_size=20)))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=10)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.parametrize("wire", DIALECTS.values(), ids=DIALECTS)
@settings(deadline=None)  # the machine may be busy
@given(pieces=answers_in_pieces())
def test_every_prefix_of_a_stream_is_one_of_the_whole_answer(wire: Wire, pieces: list[str]) -> None:
    whole = "".join(shown(["".join(pieces)]))
    seen = ""
    for piece in shown(pieces):
        seen += received(wire, piece)
        assert whole.startswith(seen)
        assert {int(number) for number in re.findall(r"[\[【](\d+)[\]】]", seen)} <= KNOWN
    assert seen == whole


def shown(pieces: list[str]) -> list[str]:
    """The texts that the pipeline makes of what a model says."""

    async def said() -> AsyncGenerator[ChatDelta, None]:
        for piece in pieces:
            yield ChatDelta(text=piece)

    async def collected() -> list[str]:
        return [delta.text async for delta in cite.grounded(said(), KNOWN, instead=INSTEAD)]

    return asyncio.run(collected())


def received(wire: Wire, text: str) -> str:
    """What a client of the dialect reads out of one delta, past a heartbeat."""
    data = (wire.heartbeat + wire.event(DeltaEvent(text=text))).decode()
    (line,) = [line for line in data.split("\n") if "{" in line]
    told = json.loads(line.removeprefix("data: "))
    if "choices" in told:
        return str(told["choices"][0]["delta"]["content"])
    return str(told["delta"]["content"] if "delta" in told else told["text"])
