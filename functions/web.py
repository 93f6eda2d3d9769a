"""The chat page: the files of `web/`, found once at the start, so that no path can lead anywhere else."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from shared.errors import NotFound

router = APIRouter(include_in_schema=False)

_PAGE = "index.html"
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, kw_only=True)
class WebFile:
    content: bytes
    media_type: str
    etag: str


def read_files(folder: Path) -> Mapping[str, WebFile]:
    """The folder's files by their path in it; only kinds that belong to a page."""
    return {
        path.relative_to(folder).as_posix(): _read(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _MEDIA_TYPES and path.is_file()
    }


@router.get("/")
async def home() -> RedirectResponse:
    return RedirectResponse("/chat")


@router.get("/chat")
async def chat_page(request: Request) -> Response:
    return _respond(_PAGE, request)


@router.get("/chat/{path:path}")
async def web_file(path: str, request: Request) -> Response:
    return _respond(path, request)


def _respond(path: str, request: Request) -> Response:
    file: WebFile | None = request.app.state.web_files.get(path)
    if file is None:
        raise NotFound("there is no such page")
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)


def _read(path: Path) -> WebFile:
    content = path.read_bytes()
    return WebFile(
        content=content,
        media_type=_MEDIA_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )
