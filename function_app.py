"""The Function App: an HTTP function per API route, and the triggers.

Loaded by the Python worker of Azure Functions and `func start`, and by the standalone host. Importing it
connects to nothing and waits for no plug's SDK: those are imported beside it, and the services are opened
when the first request or event needs them.
"""

import azure.functions as func

from functions import ingest
from functions.api import build_api
from functions.bridge import register_api
from functions.dependencies import Runtime
from shared.compose import import_adapters, start_services
from shared.compose.traces import start_traces
from shared.settings import read_settings
from shared.telemetry import logs

logs.complete()
runtime = Runtime(read_settings(), start_services)
start_traces(runtime.settings)
api = build_api(runtime)
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)  # the API checks who calls

register_api(app, api)
ingest.register_triggers(app, runtime)
if runtime.settings.warm_up:
    runtime.warm_up(import_adapters)


async def announce(name: str, *, deleted: bool) -> None:
    """Put the storage event of a blob on the queue, for a host whose storage sends none itself."""
    await ingest.announce(name, runtime, deleted=deleted)
