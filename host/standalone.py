"""The standalone host: serves an app's API and fires its triggers until a signal. Run by `cli/serve.py`."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

from host.blob_trigger import BLOB_POISON_QUEUE, BLOB_QUEUE, BlobTrigger
from host.contract import FunctionAppModule, WatchedBlobs
from host.draining import Draining
from host.functions import Function, read_functions
from host.loops import supervise, until
from host.messages import to_queue_message
from host.options import HostOptions
from host.queue_trigger import QueueTrigger
from host.timer_trigger import TimerTrigger
from host.web import Server, wrap
from shared.domain import QueueMessage
from shared.services import Services
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_CLOSE_SECONDS = 3.0


class Loop(Protocol):
    async def run(self) -> None: ...


class StandaloneHost:
    """`answering` is called once HTTP answers, `signalled` at the first signal.

    `opened` runs beside the rest, once the services are there.
    """

    def __init__(
        self,
        module: FunctionAppModule,
        options: HostOptions,
        *,
        answering: Callable[[], None] = lambda: None,
        opened: Callable[[Services], Awaitable[None]] | None = None,
        signalled: Callable[[], None] = lambda: None,
    ) -> None:
        self._module = module
        self._options = options
        self._answering = answering
        self._signalled_first = signalled
        self._beside = [work for work in (_warm_up, opened) if work is not None]
        self._stopping = asyncio.Event()
        self._watching = asyncio.Event()
        self._queues: list[QueueTrigger] = []
        self._draining = Draining(
            wrap(
                module.api,
                only_probes=options.only in ("triggers", "queues"),
                cors_origins=module.runtime.settings.cors_origins,
                wrote=self._ring,
            )
        )
        self._server = Server(self._draining, grace=options.grace)

    async def run(self, listener: socket.socket) -> None:
        """Until SIGTERM or SIGINT, then drained. Raises what stops the services from opening."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, number)
        serving = asyncio.create_task(self._server.serve([listener]))
        try:
            await asyncio.gather(self._report(serving), self._work())
        except BaseException:
            self._server.should_exit = True  # it was never ready: nobody has to be told
            raise
        finally:
            self.stop()
            await serving
            await self._close()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Take no more work, and after the drain no more requests; finish what is in flight."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._watching.set()
        self._draining.begin()
        asyncio.get_running_loop().call_later(self._options.drain, self._leave)
        self._ring()

    def _leave(self) -> None:
        self._server.should_exit = True

    def _signalled(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            os._exit(128 + number)
        event(log, "stopping", signal=number.name)
        self._signalled_first()
        self.stop()

    def _ring(self) -> None:
        for queue in self._queues:
            queue.ring()

    async def _report(self, serving: asyncio.Task[None]) -> None:
        answering = asyncio.ensure_future(self._server.answering.wait())
        await asyncio.wait({answering, serving}, return_when=asyncio.FIRST_COMPLETED)
        answering.cancel()
        if not serving.done():
            self._answering()

    async def _work(self) -> None:
        opening = asyncio.ensure_future(self._module.runtime.services())
        await until(self._stopping, opening)
        if self._stopping.is_set():
            return
        services = opening.result()
        beside = [asyncio.create_task(_nothing_raised(work, services)) for work in self._beside]
        loops = {} if self._options.only == "http" else self._loops(services)
        event(log, "started", loops=",".join(sorted(loops)))
        tasks = [asyncio.create_task(self._supervised(name, loop)) for name, loop in loops.items()]
        await self._stopping.wait()
        for task in beside:
            task.cancel()
        if tasks:
            most = self._options.drain + self._options.grace
            _, unfinished = await asyncio.wait(tasks, timeout=most)
            for task in unfinished:
                task.cancel()
        await asyncio.wait([*tasks, *beside])

    def _loops(self, services: Services) -> dict[str, Loop]:
        loops: dict[str, Loop] = {}
        for function in read_functions(self._module.app, timeout=self._options.function_timeout):
            if self._options.only == "queues" and function.trigger != "queueTrigger":
                continue
            if function.trigger == "timerTrigger":
                loops[function.name] = TimerTrigger(
                    function, watching=self._watching, stopping=self._stopping
                )
            elif function.trigger == "queueTrigger":
                loops[function.name] = self._queue_trigger(services, function)
            elif function.trigger == "blobTrigger" and isinstance(services.blobs, WatchedBlobs):
                trigger = self._blob_trigger(services, services.blobs, function)
                loops[function.name] = trigger
                loops[BLOB_QUEUE] = self._reader(services, BLOB_QUEUE, BLOB_POISON_QUEUE, trigger.invoke)
        if BLOB_QUEUE not in loops:
            self._watching.set()
        return loops

    def _queue_trigger(self, services: Services, function: Function) -> QueueTrigger:
        async def invoke(message: QueueMessage) -> None:
            await function.invoke(to_queue_message(message), attempt=message.dequeue_count)

        name = str(function.binding["queueName"])
        return self._reader(services, name, f"{name}-poison", invoke)

    def _blob_trigger(self, services: Services, blobs: WatchedBlobs, function: Function) -> BlobTrigger:
        return BlobTrigger(
            function,
            blobs,
            services.queue,
            announce_deleted=lambda name: self._module.announce(name, deleted=True),
            ring=self._ring,
            watching=self._watching,
            stopping=self._stopping,
        )

    def _reader(
        self, services: Services, name: str, poison: str, invoke: Callable[[QueueMessage], Awaitable[None]]
    ) -> QueueTrigger:
        async def invoke_and_ring(message: QueueMessage) -> None:
            await invoke(message)
            self._ring()  # a function may have sent

        trigger: QueueTrigger = QueueTrigger(
            services.queue,
            name,
            invoke_and_ring,
            poison=poison,
            options=self._options.queues,
            stopping=self._stopping,
        )
        self._queues.append(trigger)
        return trigger

    async def _supervised(self, name: str, loop: Loop) -> None:
        options = self._options
        await supervise(
            name, loop.run, self._stopping, least=options.restart_least, most=options.restart_most
        )

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._module.runtime.close()
        except Exception as error:  # noqa: BLE001 - the process ends in any case, and what it leaves is crash-safe
            event(log, "close_failed", level=logging.ERROR, error=error)


async def _warm_up(services: Services) -> None:
    """Touch what is slow the first time, so that no question pays for it."""
    live = await services.shelf.live()
    await live.embedder.embed_query("warm up")
    await live.search_index.count()


async def _nothing_raised(work: Callable[[Services], Awaitable[None]], services: Services) -> None:
    try:
        await work(services)
    except Exception as error:  # noqa: BLE001 - what only makes the start nicer never ends the host
        event(log, "side_task_failed", level=logging.ERROR, error=error, task=work.__name__)
