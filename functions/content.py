"""The source of a document: the file as it was uploaded, whole or a range of it, which a citation's link
opens; and a page's text as it was indexed, for what no browser shows."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from functions.dependencies import Caller, ServicesOf
from functions.documents import readable
from shared.domain import BlobProperties
from shared.errors import NotFound
from shared.ingest.documents import display_name
from shared.query.page_text import page_text

router = APIRouter(tags=["sources"])

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_TEXT = "text/plain; charset=utf-8"
# Written out, as what a machine's own table says differs. What a browser would run is shown as text.
_MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".markdown": "text/markdown; charset=utf-8",
    ".eml": "message/rfc822",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
} | dict.fromkeys((".txt", ".log", ".rst", ".html", ".htm", ".xhtml", ".svg", ".xml"), _TEXT)


@router.get("/api/documents/{document_id}/content", response_class=Response)
async def document_content(
    document_id: str, request: Request, caller: Caller, services: ServicesOf
) -> Response:
    """The bytes, with their own content type; one `Range` at a time."""
    found = await readable(document_id, caller, services)
    blob = await services.blobs.head(found.name)
    if blob is None:
        raise NotFound("the document's file is gone")
    headers = _headers(blob)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    span = _span(request, blob, headers["ETag"])
    offset, length = span or (0, blob.size)
    if span is not None:
        headers["Content-Range"] = f"bytes {offset}-{offset + length - 1}/{blob.size}"
    return StreamingResponse(
        services.blobs.read(blob.name, offset=offset, length=length),
        206 if span else 200,
        headers | {"Content-Length": str(length)},
    )


@router.get("/api/documents/{document_id}/pages/{page}")
async def document_page(
    document_id: str, page: Annotated[int, Path(ge=0, le=10_000_000)], caller: Caller, services: ServicesOf
) -> dict[str, Any]:
    """The text of one page (slide, sheet, section) as answers see it, in Markdown."""
    found = await readable(document_id, caller, services)
    text = await page_text(found, page, (await services.shelf.live()).search_index)
    if text is None:
        raise NotFound("no text of such a page is indexed")
    return {"page": page, "page_kind": found.page_kind, "text": text}


def _headers(blob: BlobProperties) -> dict[str, str]:
    name = PurePosixPath(display_name(blob.name)).name
    suffix = PurePosixPath(name).suffix.lower()
    return {
        "Content-Type": _MEDIA_TYPES.get(suffix, "application/octet-stream"),
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}",
        "ETag": '"' + blob.etag.strip('"') + '"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }


def _span(request: Request, blob: BlobProperties, etag: str) -> tuple[int, int] | None:
    """(offset, length) of the one range that is asked for; None for the whole, also where several ranges
    or another state of the file are meant (RFC 9110 §14.2). Errors: `HTTPException` 416."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first and not last:
        return None
    if first:
        offset, end = int(first), min(int(last or blob.size), blob.size - 1)
        if last and int(last) < offset:
            return None
    else:
        offset, end = max(0, blob.size - int(last)), blob.size - 1
    if offset > end:
        raise HTTPException(
            416, "the file is shorter than that", headers={"Content-Range": f"bytes */{blob.size}"}
        )
    return offset, end - offset + 1
