"""Runs the real worker library as a process of its own: `python worker_process.py <port> <script root>`.

Azure starts the library from a worker program that is not public. This stands in for that program and does
nothing but carry messages between the gRPC stream and the library's own entry points.
"""

import asyncio
import contextlib
import json
import os
import sys

import azure_functions_runtime as library
import function_rpc as rpc
import grpc
from azure_functions_runtime.http_v2 import http_coordinator

NO_SIZE_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
ANSWERS = {
    "worker_init_request": ("worker_init_response", library.worker_init_request),
    "functions_metadata_request": ("function_metadata_response", library.functions_metadata_request),
    "function_load_request": ("function_load_response", library.function_load_request),
    "invocation_request": ("invocation_response", library.invocation_request),
}


class LibraryRequest:
    """What the library's entry points take."""

    def __init__(self, name: str, message: rpc.StreamingMessage) -> None:
        self.name = name
        self.request = message
        self.properties = {"protos": rpc, "host": "127.0.0.1"}


class Worker:
    def __init__(self, stream: grpc.aio.StreamStreamCall) -> None:
        self._stream = stream
        self._writing = asyncio.Lock()
        self._answers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        await self._send("", start_stream=rpc.StartStream(worker_id="worker"))
        async for message in self._stream:
            task = asyncio.create_task(self._answer(message))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, message: rpc.StreamingMessage) -> None:
        kind = message.WhichOneof("content")
        if kind == "worker_status_request":
            await self._tell_state(message.request_id)
            return
        if kind == "invocation_request":
            library.invocation_id_cv.set(message.invocation_request.invocation_id)
        answer, entry_point = ANSWERS[kind]
        await self._send(message.request_id, **{answer: await entry_point(LibraryRequest(kind, message))})

    async def _tell_state(self, request_id: str) -> None:
        """A status response; the log message before it says what the tests watch."""
        state = {"contexts": len(http_coordinator._context_references), "tasks": len(asyncio.all_tasks())}
        await self._send(request_id, rpc_log=rpc.RpcLog(category="state", message=json.dumps(state)))
        await self._send(request_id, worker_status_response=rpc.WorkerStatusResponse())

    async def _send(self, request_id: str, **content: object) -> None:
        async with self._writing:
            await self._stream.write(rpc.StreamingMessage(request_id=request_id, **content))


async def main(port: str, script_root: str) -> None:
    sys.path.insert(0, script_root)
    os.chdir(script_root)
    library.start_threadpool_executor()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", NO_SIZE_LIMIT) as channel:
        with contextlib.suppress(grpc.aio.AioRpcError):  # the host went away
            await Worker(rpc.FunctionRpcStub(channel).EventStream()).run()
    os._exit(0)  # as Azure does: the platform ends a worker without waiting for it


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
