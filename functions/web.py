"""The chat page and the API's documentation: the files of `web/`, found once at the start, so that no path
can lead anywhere else. Each is read when it is first asked for: most starts need none of them.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from shared.errors import NotFound

router = APIRouter(include_in_schema=False)

_PAGE = "index.html"
_DOCS = "docs/index.html"
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".pfb": "application/octet-stream",
    ".bcmap": "application/octet-stream",
}


@dataclass(frozen=True, kw_only=True)
class WebFile:
    content: bytes
    media_type: str
    etag: str

    @cached_property
    def packed(self) -> bytes:
        """For who takes gzip. Made when it is first asked for: the start has no time for it."""
        return gzip.compress(self.content, 6, mtime=0)


def find_files(folder: Path) -> Mapping[str, Path]:
    """The folder's files by their path in it; only kinds that belong to a page."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in _MEDIA_TYPES and path.is_file()
    }


@router.get("/")
async def home() -> RedirectResponse:
    return RedirectResponse("/chat")


@router.get("/chat")
async def chat_page(request: Request) -> Response:
    return await _respond(_PAGE, request)


@router.get("/api/docs")
async def api_docs(request: Request) -> Response:
    return await _respond(_DOCS, request)


@router.get("/chat/{path:path}")
async def web_file(path: str, request: Request) -> Response:
    return await _respond(path, request)


async def _respond(path: str, request: Request) -> Response:
    found: Path | None = request.app.state.web_files.get(path)
    if found is None:
        raise NotFound("there is no such page")
    file = _read(found)
    is_packed = "gzip" in request.headers.get("accept-encoding", "")
    etag = file.etag.replace('"', '"z', 1) if is_packed else file.etag  # other bytes, another tag
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not is_packed:
        return Response(file.content, media_type=file.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    packed = await asyncio.to_thread(lambda: file.packed)  # the largest takes some 50 ms
    return Response(packed, media_type=file.media_type, headers=headers)


@cache
def _read(path: Path) -> WebFile:
    content = path.read_bytes()
    return WebFile(
        content=content,
        media_type=_MEDIA_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )
