"""The HTTP surface: one FastAPI application of every route. Called by function_app."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from functions import (
    auth,
    auth_options,
    chat_completions,
    chat_protocol,
    content,
    conversation_export,
    conversations,
    documents,
    folders,
    groups,
    indexes,
    operations,
    organisations,
    personal_tokens,
    query,
    retries,
    sessions,
    summary,
    uploads,
    usage,
    users,
    web,
)
from functions.dependencies import Runtime
from functions.description import DescribedApi
from functions.edge import BodyLimit, RequestEdge
from functions.limits import RequestLimits
from functions.load_shedding import LoadShedding
from functions.measurements import Measurements
from functions.problems import handle_errors
from shared import __version__
from shared.azure_storage import blob_origin
from shared.settings import Settings

_ROUTERS = (
    query.router,  # first, as routes are tried in this order, and this is what is asked for most
    auth.router,
    auth_options.router,
    sessions.router,
    personal_tokens.router,
    summary.router,  # before the route of one document, which would take it for an id
    documents.router,
    retries.router,
    uploads.router,
    folders.router,
    content.router,
    chat_protocol.router,
    chat_completions.router,
    conversation_export.router,  # before the route of one, which would take `export` for an id
    conversations.router,
    organisations.router,
    users.router,
    groups.router,
    usage.router,
    indexes.router,
    operations.router,
    web.router,
)
_KIB = 1024
_BODY = 64 * _KIB
# A chat's client sends the whole conversation each time, a gate's many questions.
_LARGER_BODIES = dict.fromkeys(("/api/chat", "/api/v1/", "/api/indexes/"), 1024 * _KIB)
# The framework's own would tell paths and what did not pass validation, to whatever a host has set up.
_OURS_ALONE: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_WEB = Path(__file__).resolve().parent.parent / "web"


def build_api(runtime: Runtime) -> FastAPI:
    """The API over the runtime; opens nothing.

    CORS is not here: whatever host serves the API adds the headers, and exactly one may (DESIGN.md §1).
    """
    api = DescribedApi(
        title="RAG Functions",
        description="Ask your documents; answers cite the page.",
        version=__version__,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # functions/operations.py serves it: every route becomes a function
        redirect_slashes=False,
        telemetry=_OURS_ALONE,
    )
    api.state.runtime = runtime
    api.state.measurements = Measurements(runtime)
    api.state.request_limits = RequestLimits(runtime.settings)
    api.state.has_accounts = False  # as far as is known; asked by auth_options
    api.state.web_files = web.find_files(_WEB)
    for router in _ROUTERS:
        # Their routes themselves, as `include_router` would wrap them: the routes are walked.
        for route in router.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.name
        api.router.routes.extend(router.routes)
    handle_errors(api)
    api.add_middleware(LoadShedding, metrics=runtime.metrics, most=runtime.settings.most_in_flight)
    api.add_middleware(BodyLimit, default=_BODY, by_prefix=_LARGER_BODIES)
    api.add_middleware(
        RequestEdge,
        metrics=runtime.metrics,
        page_origins=(_upload_origin(runtime.settings), auth_options.authority_origin(runtime.settings)),
        hops=runtime.settings.forwarded_hops,
    )
    return api


def _upload_origin(settings: Settings) -> str | None:
    """Where direct uploads go, if they do not come here."""
    if settings.blob_store != "azure_blob":
        return None
    connection_string = settings.azurewebjobsstorage
    return blob_origin(
        connection_string=connection_string.get_secret_value() if connection_string else None,
        name=settings.azurewebjobsstorage_accountname,
        blob_url=settings.azurewebjobsstorage_blobserviceuri,
    )
