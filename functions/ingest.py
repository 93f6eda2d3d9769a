"""The triggers: storage events in, ingestion out. Registered by function_app.

`ingest_blob` only announces; all work is done by `ingest_event` from the queue, so that there is one
backlog, one retry rule and one poison queue whichever way an event came (docs/adr/0001).
"""

import logging
import time

import azure.functions as func

from functions.dependencies import Runtime
from functions.invocations import NO_CONTEXT, FiredBy, invocation
from shared.errors import InvalidRequest, RagError
from shared.ingest import documents, events, pipeline, versions
from shared.ingest.reconcile import UNFINISHED
from shared.ingest.reconcile import reconcile as reconcile_all
from shared.services import Services
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

CONNECTION = "AzureWebJobsStorage"
EVERY_FIVE_MINUTES = "0 */5 * * * *"
STUCK_AFTER = 600.0  # seconds; longer than five attempts of a slow document
_PARKED = "parked after five attempts"
_INEXACT = 2.0  # seconds; Azure's queues tell times in whole ones, and clocks differ
_NO_REASON = "none came to an end, as if the worker had been killed each time"


def register_triggers(app: func.FunctionApp, runtime: Runtime) -> None:
    """Add `ingest_blob` (by setting), `ingest_event`, `fill_index`, their poison ones and `reconcile`."""
    if runtime.settings.blob_trigger:
        _register_blob_trigger(app, runtime)
    _register_queue_triggers(app, runtime)
    _register_fill_triggers(app, runtime)
    _register_timer(app, runtime)


async def announce(name: str, runtime: Runtime, *, deleted: bool = False) -> None:
    """Put an event for the blob on the queue, as Event Grid does on Azure."""
    kind: events.EventType = "Microsoft.Storage.BlobDeleted" if deleted else "Microsoft.Storage.BlobCreated"
    services = await runtime.services()
    await events.send(events.encode(events.StorageEvent(name=name, type=kind)), services.queue)


def _register_blob_trigger(app: func.FunctionApp, runtime: Runtime) -> None:
    @app.function_name("ingest_blob")
    @app.blob_trigger(
        arg_name="blob",
        path=f"{events.CONTAINER}/{{name}}",
        connection=CONNECTION,
        source=func.BlobSource.EVENT_GRID,
    )
    async def ingest_blob(blob: func.InputStream, context: func.Context = NO_CONTEXT) -> None:
        # The content stays where it is: the pipeline streams it from the store.
        name = str(blob.name).removeprefix(f"{events.CONTAINER}/")
        async with invocation("ingest_blob", runtime, FiredBy(context=context, blob=name)):
            await announce(name, runtime)


def _register_queue_triggers(app: func.FunctionApp, runtime: Runtime) -> None:
    @app.function_name("ingest_event")
    @app.queue_trigger(arg_name="message", queue_name=events.INGEST_QUEUE, connection=CONNECTION)
    async def ingest_event(message: func.QueueMessage, context: func.Context = NO_CONTEXT) -> None:
        fired_by = FiredBy(context=context, queue=events.INGEST_QUEUE, message=message)
        async with invocation("ingest_event", runtime, fired_by):
            stored = _decoded(message)
            if stored is not None:
                try:
                    await _ingest(stored.name, runtime)
                except InvalidRequest as error:  # a name that no document can have: `~$draft.docx`
                    _not_understood(message, error)

    @app.function_name("ingest_poison")
    @app.queue_trigger(arg_name="message", queue_name=events.POISON_QUEUE, connection=CONNECTION)
    async def ingest_poison(message: func.QueueMessage, context: func.Context = NO_CONTEXT) -> None:
        fired_by = FiredBy(context=context, queue=events.POISON_QUEUE, message=message)
        async with invocation("ingest_poison", runtime, fired_by):
            stored = _decoded(message)
            if stored is not None:
                await _park(stored.name, message, await runtime.services())


def _register_fill_triggers(app: func.FunctionApp, runtime: Runtime) -> None:
    @app.function_name("fill_index")
    @app.queue_trigger(arg_name="message", queue_name=versions.FILL_QUEUE, connection=CONNECTION)
    async def fill_index(message: func.QueueMessage, context: func.Context = NO_CONTEXT) -> None:
        fired_by = FiredBy(context=context, queue=versions.FILL_QUEUE, message=message)
        async with invocation("fill_index", runtime, fired_by):
            try:
                fill = versions.decode(message.get_body().decode())
            except (InvalidRequest, UnicodeDecodeError) as error:
                _not_understood(message, error)
            else:
                await versions.work_off(fill, await runtime.services())

    @app.function_name("fill_poison")
    @app.queue_trigger(arg_name="message", queue_name=versions.FILL_POISON_QUEUE, connection=CONNECTION)
    async def fill_poison(message: func.QueueMessage, context: func.Context = NO_CONTEXT) -> None:
        fired_by = FiredBy(context=context, queue=versions.FILL_POISON_QUEUE, message=message)
        async with invocation("fill_poison", runtime, fired_by):
            # Nothing is lost: the reconciler sends an event for whatever an index lacks.
            event(log, "fill_failed", level=logging.ERROR, message_id=message.id)


def _register_timer(app: func.FunctionApp, runtime: Runtime) -> None:
    @app.function_name("reconcile")
    @app.timer_trigger(arg_name="timer", schedule=EVERY_FIVE_MINUTES, run_on_startup=False)
    async def reconcile(timer: func.TimerRequest, context: func.Context = NO_CONTEXT) -> None:
        async with invocation("reconcile", runtime, FiredBy(context=context)):
            # After a pause nothing can be in progress: whatever is unfinished is announced at once.
            stuck_after = 0.0 if timer.past_due else STUCK_AFTER
            grace = runtime.settings.index_grace_hours * 3600
            await reconcile_all(await runtime.services(), stuck_after=stuck_after, index_grace=grace)


async def _ingest(name: str, runtime: Runtime) -> None:
    services = await runtime.services()
    try:
        await pipeline.ingest(name, services)
    except Exception as error:  # whatever a function raises is counted; a drain that cancels it is no error
        services.metrics.document_ingested(outcome="error")
        await _note(name, error, services)
        raise


def _decoded(message: func.QueueMessage) -> events.StorageEvent | None:
    """None for what can never be understood: trying again would not help."""
    try:
        return events.decode(message.get_body().decode())
    except (InvalidRequest, UnicodeDecodeError) as error:
        _not_understood(message, error)
        return None


def _not_understood(message: func.QueueMessage, error: Exception) -> None:
    event(log, "event_not_understood", message_id=message.id, reason=str(error))


async def _note(name: str, error: Exception, services: Services) -> None:
    """Show with the document why it is not indexed yet."""
    reason = str(error) if isinstance(error, RagError) else "an internal error, which the log has"
    try:
        document = await services.metadata.document(documents.document_id(name))
        if document is not None and document.status in UNFINISHED:
            await services.metadata.set_status(
                document.id, document.claimed_version, document.status, reason=reason, now=time.time()
            )
    except RagError as second:  # the first one is what is raised
        event(log, "failure_not_noted", level=logging.WARNING, reason=str(second))


async def _park(name: str, message: func.QueueMessage, services: Services) -> None:
    document = await services.metadata.document(documents.document_id(name))
    if document is None:
        return  # the reconciler announces the blob, if there is one
    given_up = message.insertion_time
    if not document.reason and given_up and document.updated_at > given_up.timestamp() + _INEXACT:
        return  # uploaded or retried since: that has attempts of its own
    reason = f"{_PARKED}: {document.reason or _NO_REASON}; retry it later"
    body = message.get_body().decode()
    if await services.metadata.park(document.id, reason=reason, event=body, now=time.time()):
        event(log, "document_parked", level=logging.ERROR, document_id=document.id)
