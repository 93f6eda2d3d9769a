"""For whoever runs it: is it alive, is it ready, how is it doing; and the API's description."""

import asyncio
import logging
from collections.abc import Awaitable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from functions.dependencies import RuntimeOf
from shared.errors import ConfigError, RagError
from shared.ingest.events import INGEST_QUEUE
from shared.services import Services
from shared.telemetry.logs import event
from shared.telemetry.metrics import CONTENT_TYPE

log = logging.getLogger(__name__)

router = APIRouter(tags=["operations"])

_OF_UPLOADS = {"blobs", "queue"}
_PATIENCE = 2.0  # seconds for a service to answer


@router.get("/api/health/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/api/health/ready")
async def ready(runtime: RuntimeOf) -> JSONResponse:
    """Whether questions can be answered; 503 if not. What only uploads need is named beside it (ADR 0011)."""
    checks = {"services": await _check(runtime.services())}
    if checks["services"] == "ok":
        services = await runtime.services()
        pings: dict[str, Awaitable[object]] = {
            "metadata": services.metadata.ping(),
            "blobs": services.blobs.ping(),
            "queue": services.queue.length(INGEST_QUEUE),
            "search_index": _count_live(services),
        }
        reasons = await asyncio.gather(*map(_check, pings.values()))
        checks = dict(zip(pings, reasons, strict=True))
    failing = {name for name, reason in checks.items() if reason != "ok"}
    is_ready = failing <= _OF_UPLOADS
    status = ("degraded" if failing else "ok") if is_ready else "unavailable"
    return JSONResponse({"status": status, "checks": checks}, 200 if is_ready else 503)


@router.get("/api/metrics")
async def metrics(request: Request, runtime: RuntimeOf) -> Response:
    """For Prometheus, in its text format."""
    await request.app.state.measurements.refresh()
    return Response(runtime.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/api/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


async def _count_live(services: Services) -> int:
    return await (await services.shelf.live()).search_index.count()


async def _check(answer: Awaitable[object]) -> str:
    """`ok`, or why not. The probe is open to all: a wrong setting is for the log alone."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await answer
    except TimeoutError:
        return f"no answer within {_PATIENCE:g} s"
    except ConfigError as error:
        event(log, "settings_refused", level=logging.ERROR, reason=str(error))
        return "a setting is wrong; the log names it"
    except RagError as error:
        return str(error)
    return "ok"
