"""`ParserPool`: parses each file in a child process of its own, so that a hostile file costs one document.

Built by `compose.py`, called by `ingest.pipeline`. This process never imports a parser library: the
fork server (server.py) does, started with the first parse.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Coroutine, Iterable
from pathlib import Path

from shared.domain import ParsedDocument
from shared.errors import BackendUnavailable, DocumentRejected
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.scanned import Scan, ScannedDocument
from shared.ingest.parse.server_process import GRACE, ServerProcess
from shared.ingest.parse.tesseract import Tesseract
from shared.ingest.parse.wire import ENDING, Ending, ExitCode, pack_request, unpack_answer
from shared.page_readers.base import PageReader

log = logging.getLogger(__name__)

ENTRY = "shared.ingest.parse.file:parse_file"
READ_SIZE = 1 << 18
MAX_SCAN_ANSWER = 1 << 20  # bytes, for one page


class ParserPool:
    """At most `workers` children at a time; further calls wait. `entry`: the parse function.

    `ocr` reads the pages that are pictures: tesseract, in children of this pool, or a service. Without
    it they stay empty, and a document of nothing else is rejected.
    """

    def __init__(
        self,
        *,
        workers: int,
        limits: ParseLimits,
        entry: str = ENTRY,
        ocr: Tesseract | PageReader | None = None,
        max_ocr_pages: int = 200,
    ) -> None:
        self._workers = workers
        self._limits = limits
        self._ocr = ocr
        self._max_ocr_pages = max_ocr_pages
        self._entry = entry
        self._free = asyncio.Semaphore(workers)
        self._server: ServerProcess | None = None

    async def parse(self, path: Path, name: str) -> ParsedDocument:
        """`name` is the document's, for its title and as a hint among text formats.

        Errors: `DocumentRejected` for a file that can never be parsed, with a reason for people;
        `BackendUnavailable` when the fork server died. Cancelling kills the child.
        """
        document = await self._child(pack_request(path, name), self._limits.max_text_chars * 4)
        if isinstance(document, ScannedDocument):
            return await self._with_scans_read(document, path, name)
        return document

    async def _with_scans_read(self, document: ScannedDocument, path: Path, name: str) -> ParsedDocument:
        if self._ocr is None:
            return document.without_scans()
        scans = document.readable_scans(self._max_ocr_pages)
        if not isinstance(self._ocr, Tesseract):
            return document.with_texts(await self._ocr.read_pages(path, scans))
        texts: dict[int, str] = {}
        failures: list[DocumentRejected] = []
        tesseract = self._ocr
        remaining = iter(scans)

        async def read_some() -> None:
            for page in remaining:
                try:
                    texts[page] = await self._read_scan(path, Scan(page=page, tesseract=tesseract))
                except DocumentRejected as rejection:  # a page costs itself
                    failures.append(rejection)
                    log.warning(
                        "page_not_read", extra={"document": name, "page": page, "reason": str(rejection)}
                    )

        # No more pages wait than there are workers: other documents need not wait for all of them.
        await _all(read_some() for _ in range(self._workers))
        if failures and not document.has_text and not any(texts.values()):
            raise failures[0]
        return document.with_texts(texts)

    async def _read_scan(self, path: Path, scan: Scan) -> str:
        read = await self._child(pack_request(path, "", scan), MAX_SCAN_ANSWER)
        return "\n\n".join(page.text for page in read.pages)

    async def _child(self, request: bytes, bound: int) -> ParsedDocument:
        """What a child makes of the request; `bound` is that of its answer, in bytes."""
        async with self._free:
            answer, ending = await self._run(request, bound)
        self._check(ending)
        try:
            return await asyncio.to_thread(unpack_answer, answer)
        except (ValueError, KeyError, TypeError) as error:
            raise DocumentRejected("crashed the parser; it may be damaged") from error

    async def close(self) -> None:
        """Kill what runs, end the server, hang up on the service. All start anew with the next parse."""
        await self._end_server()
        if self._ocr is not None and not isinstance(self._ocr, Tesseract):
            await self._ocr.close()

    async def _end_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await asyncio.to_thread(server.end)

    async def _run(self, request: bytes, bound: int) -> tuple[bytes, Ending]:
        channel, lifeline = self._submit()
        with channel, lifeline:
            try:
                async with asyncio.timeout(self._limits.wall_seconds + GRACE):
                    answer = await self._converse(channel, request, bound)
                    ending = await asyncio.get_running_loop().sock_recv(lifeline, ENDING.size)
            except TimeoutError as error:
                await self._end_server()
                raise BackendUnavailable("the parser's server hangs and was ended; try again") from error
        if len(ending) != ENDING.size:
            raise BackendUnavailable("the parser's server ended; try again")
        return answer, Ending.unpack(ending)

    def _submit(self) -> tuple[socket.socket, socket.socket]:
        """Have the server fork a child; our ends of its channel and lifeline."""
        ours: list[socket.socket] = []
        theirs: list[socket.socket] = []
        for _ in range(2):
            near, far = socket.socketpair()
            near.setblocking(False)
            ours.append(near)
            theirs.append(far)
        try:
            self._running_server().send(theirs)
        except BaseException:
            for end in ours:
                end.close()
            raise
        finally:
            for end in theirs:
                end.close()
        return ours[0], ours[1]

    async def _converse(self, channel: socket.socket, request: bytes, bound: int) -> bytes:
        """Send the request, read until the child is gone; `DocumentRejected` past the bound."""
        loop = asyncio.get_running_loop()
        answer = bytearray()
        with contextlib.suppress(ConnectionError):  # a child that died early: its ending tells why
            await loop.sock_sendall(channel, request)
            while piece := await loop.sock_recv(channel, READ_SIZE):
                answer += piece
                if len(answer) > bound + READ_SIZE:
                    raise DocumentRejected("holds more text than can be indexed; split it into smaller files")
        return bytes(answer)

    def _check(self, ending: Ending) -> None:
        """Raise for a child that did not answer."""
        code = ending.status >> 8  # as os.waitstatus_to_exitcode, for an exit
        killed_by = ending.status & 0x7F
        if ending.out_of_time:
            raise DocumentRejected(f"took longer than {self._limits.wall_seconds:g} s to parse; split it up")
        if killed_by == signal.SIGXCPU:
            raise DocumentRejected(f"took longer than {self._limits.cpu_seconds} s to parse; split it up")
        # Native code aborts where Python raises MemoryError; SIGKILL that is not ours is the kernel's.
        was_big = ending.peak_bytes > self._limits.memory_bytes // 3
        if killed_by == signal.SIGKILL or code == ExitCode.OUT_OF_MEMORY or (killed_by and was_big):
            raise DocumentRejected("needs more memory than a parse may take; split it into smaller files")
        if killed_by:
            raise DocumentRejected("crashed the parser; it may be damaged or too large in itself")
        if code != ExitCode.ANSWERED:
            raise DocumentRejected(
                "could not be read; it may be damaged: open it, save it anew and upload that"
            )

    def _running_server(self) -> ServerProcess:
        """Starting takes a few milliseconds on the loop, once, and so cannot be cancelled half-way."""
        if self._server is not None and not self._server.is_alive():
            self._server.end()
            self._server = None
        if self._server is None:
            self._server = ServerProcess(self._entry, self._limits)
        return self._server


async def _all(tasks: Iterable[Coroutine[None, None, None]]) -> None:
    """Run them side by side; the first that fails ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
