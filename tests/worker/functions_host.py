"""The Functions host's end of the worker protocol: starts the worker, indexes the app, fires functions."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import function_rpc as rpc
import grpc

WORKER = Path(__file__).with_name("worker_process.py")
NO_SIZE_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
SUCCESS = 1
PATIENCE = 60.0  # seconds for one answer of the worker


class WorkerFailed(Exception):
    """The worker reported a failure, or ended."""


@dataclass(frozen=True, kw_only=True)
class IndexedFunction:
    id: str
    name: str
    bindings: list[dict[str, Any]]

    @property
    def trigger(self) -> dict[str, Any]:
        return next(binding for binding in self.bindings if binding["type"].endswith("Trigger"))


class FunctionsHost(rpc.FunctionRpcServicer):
    """Use as a context manager: leaving it ends the worker and frees the port, whatever happened."""

    def __init__(
        self, script_root: Path, *, packages: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        self._script_root = str(script_root)
        self._environment = {**environment, "PYTHONPATH": str(packages)}
        self._log = log
        self._outbox: queue.SimpleQueue[rpc.StreamingMessage | None] = queue.SimpleQueue()
        self._waiting: dict[str, Future[Any]] = {}
        self._state: dict[str, int] = {}
        self.functions: dict[str, IndexedFunction] = {}
        self.worker_uri = ""
        self.traceparent = ""

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(4)
        self._server = grpc.server(self._threads, options=NO_SIZE_LIMIT)
        rpc.add_FunctionRpcServicer_to_server(self, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        started = self._expect("start_stream")
        self._server.start()
        with self._log.open("wb") as log:
            self._worker = subprocess.Popen(
                [sys.executable, str(WORKER), str(port), self._script_root],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that `close` ends its child processes too
            )
        threading.Thread(target=self._watch_worker, daemon=True).start()
        try:
            started.result(PATIENCE)
            self._index()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._outbox.put(None)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._worker.pid, signal.SIGKILL)
        self._worker.wait()
        self._server.stop(None).wait()
        self._threads.shutdown()

    def invoke(
        self, name: str, value: rpc.TypedData, metadata: Mapping[str, rpc.TypedData] | None = None
    ) -> tuple[str, Future[Any]]:
        """Fire a function, in the trace `self.traceparent`. Returns the invocation's id and its response to
        come."""
        function = self.functions[name]
        invocation_id = str(uuid4())
        request = rpc.InvocationRequest(
            invocation_id=invocation_id,
            function_id=function.id,
            input_data=[rpc.ParameterBinding(name=function.trigger["name"], data=value)],
            trigger_metadata=metadata or {},
        )
        request.trace_context.trace_parent = self.traceparent
        return invocation_id, self._ask(invocation_id, invocation_request=request)

    def run(self, name: str, value: rpc.TypedData, /, **metadata: rpc.TypedData) -> None:
        """Fire a function and wait for its success. Errors: `WorkerFailed`."""
        _, response = self.invoke(name, value, metadata)
        _check(response.result(PATIENCE).result)

    def worker_state(self) -> dict[str, int]:
        """`contexts`: entries in the worker's context map; `tasks`: of its event loop."""
        self._ask("worker_status_response", worker_status_request=rpc.WorkerStatusRequest()).result(PATIENCE)
        return self._state

    def EventStream(self, messages: Iterator[rpc.StreamingMessage], _: object) -> Iterator[Any]:
        """The servicer's method: one call for the whole life of the worker."""
        self._threads.submit(self._receive, messages)
        return iter(self._outbox.get, None)

    def _index(self) -> None:
        init = rpc.WorkerInitRequest(host_version="4.1042.0", function_app_directory=self._script_root)
        started = self._ask("worker_init_response", worker_init_request=init).result(PATIENCE)
        _check(started.result)
        self.worker_uri = started.capabilities["HttpUri"]
        request = rpc.FunctionsMetadataRequest(function_app_directory=self._script_root)
        indexed = self._ask("function_metadata_response", functions_metadata_request=request).result(PATIENCE)
        _check(indexed.result)
        for metadata in indexed.function_metadata_results:
            load = rpc.FunctionLoadRequest(function_id=metadata.function_id, metadata=metadata)
            _check(self._ask(metadata.function_id, function_load_request=load).result(PATIENCE).result)
            bindings = [json.loads(binding) for binding in metadata.raw_bindings]
            self.functions[metadata.name] = IndexedFunction(
                id=metadata.function_id, name=metadata.name, bindings=bindings
            )

    def _expect(self, key: str) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting[key] = future
        return future

    def _ask(self, key: str, **content: object) -> Future[Any]:
        future = self._expect(key)
        self._outbox.put(rpc.StreamingMessage(request_id=str(uuid4()), **content))
        return future

    def _receive(self, messages: Iterator[rpc.StreamingMessage]) -> None:
        with contextlib.suppress(grpc.RpcError):  # the stream ended; `_watch_worker` tells those who wait
            for message in messages:
                self._deliver(message)

    def _deliver(self, message: rpc.StreamingMessage) -> None:
        kind = message.WhichOneof("content")
        content = getattr(message, kind)
        if kind == "rpc_log":
            self._state = json.loads(content.message)
            return
        key = {
            "invocation_response": lambda: content.invocation_id,
            "function_load_response": lambda: content.function_id,
        }.get(kind, lambda: kind)()
        self._waiting.pop(key).set_result(content)

    def _watch_worker(self) -> None:
        status = self._worker.wait()
        while self._waiting:
            _, future = self._waiting.popitem()
            text = self._log.read_text(errors="replace")[-2000:]
            future.set_exception(WorkerFailed(f"the worker ended with status {status}: {text}"))


def _check(result: rpc.StatusResult) -> None:
    if result.status != SUCCESS:
        raise WorkerFailed(f"{result.exception.message}\n{result.exception.stack_trace}")
