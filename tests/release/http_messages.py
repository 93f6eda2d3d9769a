"""As much of HTTP/1.1 as the balancer reads: heads, and where bodies end. Both sides write what is
valid, and nobody sends HEAD."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Self

_PIECE = 64 * 1024


@dataclass(frozen=True)
class Stream:
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def abort(self) -> None:
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@dataclass(frozen=True, kw_only=True)
class Head:
    raw: bytes  # without `connection`, which is for the next hop alone
    line: str
    is_last: bool  # of its connection
    is_chunked: bool
    size: int | None  # of the body, where it is told


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Errors: `EOFError` when the connection ends before, `OSError`."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n").split(b"\r\n")
    kept = [first]
    told: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        told[name.lower()] = value.strip().lower()
        if name.lower() != b"connection":
            kept.append(line)
    size = told.get(b"content-length")
    return Head(
        raw=b"\r\n".join([*kept, b"\r\n"]),
        line=first.decode(),
        is_last=told.get(b"connection") == b"close",
        is_chunked=told.get(b"transfer-encoding") == b"chunked",
        size=None if size is None else int(size),
    )


async def copy_body(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Piece by piece, as it comes. Errors: `EOFError` when it ends before its end, `OSError`."""
    if head.is_chunked:
        size = -1
        while size != 0:
            line = await reader.readline()
            if not line.endswith(b"\n"):
                raise EOFError("in mid-body")
            size = int(line, 16)
            writer.write(line + await reader.readexactly(size + 2))
            await writer.drain()
    left = head.size or 0
    while left:
        piece = await reader.read(min(left, _PIECE))
        if not piece:
            raise EOFError("in mid-body")
        writer.write(piece)
        await writer.drain()
        left -= len(piece)
    await writer.drain()
