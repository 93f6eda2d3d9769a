"""The chat page's files, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.web import find_files

Refused = Callable[[httpx.Response, int, str], dict[str, Any]]
WEB = Path(__file__).resolve().parents[2] / "web"


async def test_the_page_is_html_under_a_policy_that_lets_nothing_else_in(http: httpx.AsyncClient) -> None:
    page = await http.get("/chat")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
    assert "unsafe" not in policy
    assert "data:" not in policy
    assert "require-trusted-types-for 'script'; trusted-types parsed pdf-worker" in policy
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_the_root_leads_to_the_page(http: httpx.AsyncClient) -> None:
    response = await http.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/chat")


OURS = [path for path in sorted(find_files(WEB)) if not path.startswith("vendor/")]
VENDORED = ["pdf.min.js", "pdf.worker.min.js", "cmaps/78-H.bcmap", "standard_fonts/FoxitSerif.pfb"]


@pytest.mark.parametrize("path", [*OURS, *(f"vendor/pdfjs/{name}" for name in VENDORED)])
async def test_every_file_of_the_page_is_served_as_what_it_is(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(f"/chat/{path}")
    assert response.content == (WEB / path).read_bytes()
    kinds = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
    kind = kinds.get(Path(path).suffix, "application/octet-stream")
    assert response.headers["content-type"].startswith(kind)


async def test_an_unchanged_file_is_not_sent_again(http: httpx.AsyncClient) -> None:
    first = await http.get("/chat")
    again = await http.get("/chat", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await http.get("/chat", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_who_takes_gzip_gets_less_and_the_same(http: httpx.AsyncClient) -> None:
    plain = await http.get("/chat/style.css", headers={"Accept-Encoding": "identity"})
    packed = await http.get("/chat/style.css", headers={"Accept-Encoding": "br, gzip"})
    assert (plain.headers.get("content-encoding"), packed.headers["content-encoding"]) == (None, "gzip")
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert plain.headers["etag"] != packed.headers["etag"]
    told = {"If-None-Match": packed.headers["etag"], "Accept-Encoding": "gzip"}
    assert (await http.get("/chat/style.css", headers=told)).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/chat/",
            "/chat/no.js",
            "/chat/../pyproject.toml",
            "/chat/%2e%2e/pyproject.toml",
            "/chat//etc/passwd",
        ),
        *("/chat/..%2fpyproject.toml", "/chat/.env", "/chat/INDEX.HTML", "/chats"),
    ],
)
async def test_nothing_outside_of_the_page_is_served(
    http: httpx.AsyncClient, refused: Refused, path: str
) -> None:
    refused(await http.get(path), 404, "not-found")


def test_only_kinds_that_belong_to_a_page_are_found(tmp_path: Path) -> None:
    for name in ("a.js", "b.py", ".env", "c.js~"):
        (tmp_path / name).write_text("x")
    assert list(find_files(tmp_path)) == ["a.js"]
