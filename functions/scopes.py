"""What the scopes of a personal access token open: one table. Called by dependencies, for such tokens alone.

A scope opens routes; within them the token's owner is asked for their rights as ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import Request

from shared.domain import Principal, Scope
from shared.errors import AccessDenied


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Any one of the scopes will do; the first that a token has is the one that it is let in by."""

    reading: tuple[Scope, ...]  # GET and HEAD
    changing: tuple[Scope, ...]


# By the tag of the route. What has a tag that is not here needs a session: accounts, above all.
OPENINGS: Mapping[str, Opening] = {
    "questions": Opening(reading=("query",), changing=("query",)),
    "conversations": Opening(reading=("query",), changing=("query",)),
    "sources": Opening(reading=("query",), changing=()),
    "usage": Opening(reading=("query", "admin"), changing=()),
    "documents": Opening(reading=("ingest", "query"), changing=("ingest",)),
    "indexes": Opening(reading=("admin",), changing=("admin",)),
    "people": Opening(reading=("admin",), changing=("admin",)),
}
OPEN_TO_ALL = frozenset({"me"})  # operations that tell a token nothing but about itself

_CLOSED = Opening(reading=(), changing=())


def within_scope(caller: Principal, request: Request) -> Principal:
    """The caller with the rights that the token's scopes leave them here. Errors: `AccessDenied`.

    Administrating takes the scope `admin`; `ingest` is enough for documents that an administrator keeps.
    """
    route = request.scope["route"]
    if route.name in OPEN_TO_ALL:
        return caller
    opening = OPENINGS.get(route.tags[0] if route.tags else "", _CLOSED)
    wanted = opening.reading if request.method in ("GET", "HEAD") else opening.changing
    used = next((scope for scope in wanted if scope in caller.scopes), None)
    if used is None:
        raise _refusal(wanted, request)
    if used == "ingest" or "admin" in caller.scopes:
        return caller
    return replace(caller, is_administrator=False, manages_organisation=False)


def _refusal(wanted: tuple[Scope, ...], request: Request) -> AccessDenied:
    if not wanted:
        return AccessDenied("no personal access token reaches this; sign in")
    told = f'Bearer error="insufficient_scope", scope="{wanted[0]}"'  # RFC 6750 §3
    request.state.answer_headers = {"WWW-Authenticate": told}
    return AccessDenied(f"this needs a personal access token with the scope {' or '.join(wanted)}")
