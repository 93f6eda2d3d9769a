"""What happened in a run, in order, for a person who looks for the reason of a failure."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.domain import Document, IndexedChunk

_LONGEST = 90  # characters of one value


@dataclass(kw_only=True)
class Trace:
    names: Mapping[str, str]  # document id: name
    _lines: list[tuple[float, str, str, tuple[Any, ...], Any]] = field(default_factory=list)

    def add(self, who: str, what: str, given: tuple[Any, ...] = (), result: Any = None) -> None:
        if what != "queue.receive" or result:  # most looks at a queue find nothing
            self._lines.append((asyncio.get_running_loop().time(), who, what, given, result))

    def lines(self) -> list[str]:
        return [
            f"{at:9.3f} {who:<9} {what}({', '.join(map(self._short, given))})"
            + ("" if result is None else f" → {self._short(result)}")
            for at, who, what, given, result in self._lines
        ]

    def _short(self, value: Any) -> str:
        if isinstance(value, Document):
            held = ",".join(f"{index.split('-')[1]}:{version}" for index, version in value.held)
            return (
                f"<{value.name} {value.status} etag={value.etag} claimed={value.claimed_version} "
                f"current={value.current_version} held={held} readers={sorted(value.readers)}>"
            )
        if isinstance(value, Sequence) and value and isinstance(value[0], IndexedChunk):
            return f"{[part.chunk.id.split('.', 1)[1] for part in value]} for {sorted(value[0].readers)}"
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {value}"
        if isinstance(value, str) and value in self.names:
            return self.names[value]
        text = value if isinstance(value, str) else repr(value)
        return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
