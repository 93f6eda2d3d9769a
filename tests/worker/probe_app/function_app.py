"""A small Function App over the project's bridge, whose API does what the tests of the bridge watch for."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import azure.functions as func
from fastapi import BackgroundTasks, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

sys.path.append(str(Path(__file__).parents[3]))

from functions.bridge import register_api

api = FastAPI(openapi_url=None)
seen: list[str] = []
gates: dict[str, asyncio.Event] = {}


@api.exception_handler(Exception)
async def problem(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"title": type(error).__name__}, 500, media_type="application/problem+json")


@api.get("/seen")
async def read_seen() -> list[str]:
    return seen


@api.post("/gates/{name}")
async def open_gate(name: str) -> None:
    gates[name].set()


@api.get("/stream/{name}")
async def stream(name: str) -> StreamingResponse:
    """One piece at once, the other when the gate is opened."""
    gates[name] = asyncio.Event()

    async def pieces() -> AsyncIterator[str]:
        try:
            yield "first"
            await gates[name].wait()
            yield "second"
        finally:
            seen.append(f"closed {name}")

    return StreamingResponse(pieces())


@api.get("/flood")
async def flood(pieces: int, size: int) -> StreamingResponse:
    async def all_pieces() -> AsyncIterator[bytes]:
        for number in range(pieces):
            seen.append(f"produced {number}")
            yield b"x" * size

    return StreamingResponse(all_pieces())


@api.get("/fail/early")
async def fail_early() -> None:
    raise RuntimeError("before the first byte")


@api.get("/fail/late")
async def fail_late() -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        yield "first"
        raise RuntimeError("in mid-stream")

    return StreamingResponse(pieces())


@api.api_route("/bare/{status}", methods=["GET", "HEAD"])
async def bare(status: int) -> Response:
    return Response(status_code=status, headers={"etag": '"1"'})


@api.get("/cookies")
async def cookies() -> Response:
    response = Response("two")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@api.get("/later/{name}")
async def later(name: str, tasks: BackgroundTasks) -> str:
    async def finish() -> None:
        await asyncio.sleep(0.05)
        seen.append(f"finished {name}")

    tasks.add_task(finish)
    return "soon"


@api.put("/files/{path:path}")
async def put_file(path: str, request: Request) -> dict[str, object]:
    size = sum([len(piece) async for piece in request.stream()])
    return {
        "path": path,
        "size": size,
        "query": dict(request.query_params),
        "root": request.scope["root_path"],
    }


@api.get("/url")
async def url(request: Request) -> str:
    return str(request.url_for("read_seen"))


@api.get("/invocation")
async def invocation() -> str:
    return str(sys.modules["azure_functions_runtime"].invocation_id_cv.get())


@api.get("/fail/after")
async def fail_after(tasks: BackgroundTasks) -> str:
    async def fail() -> None:
        raise RuntimeError("after the answer")

    tasks.add_task(fail)
    return "answered"


app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
register_api(app, api)
