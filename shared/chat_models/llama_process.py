"""`LlamaProcess`: the process that runs a local model, from the host's side. Used by chat_models.llama."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, TypeAlias

from shared.chat_models import llama_server
from shared.errors import BackendUnavailable

Event: TypeAlias = dict[str, Any]


class LlamaProcess:
    """Starts with the first request. If one is broken off it is killed, which frees its cores at once, and
    the next request starts another one (0.7 s of a core for the model that comes with it).
    """

    def __init__(self, model: Path, *, window: int, threads: int, python: str = sys.executable) -> None:
        self._command = [python, "-I", llama_server.__file__, str(model), str(window), str(threads)]
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def ask(self, request: Event) -> AsyncGenerator[Event, None]:
        """Its events; one request at a time. Errors: `BackendUnavailable`."""
        is_whole = False
        process = await self._started()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            while not is_whole:
                line = await process.stdout.readline()
                if not line:
                    code = await process.wait()
                    raise BackendUnavailable(
                        f"the local model's process ended ({code}); is there memory for it?"
                    )
                event: Event = json.loads(line)
                is_whole = "usage" in event or "error" in event
                yield event
        finally:
            if not is_whole:
                self._kill()

    async def close(self) -> None:
        process = self._process
        self._kill()
        if process is not None:
            await process.wait()

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=DEVNULL,
                    env={},  # it has no business with this process's secrets
                    start_new_session=True,  # the terminal's Ctrl-C is the host's
                )
            except OSError as error:
                raise BackendUnavailable(f"the local model cannot be started: {error.strerror}") from error
        return self._process

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        self._process = None
