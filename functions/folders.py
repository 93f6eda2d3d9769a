"""Who may read what is new in a folder, besides its owner. What lies in it already stays as it is."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import Caller, ServicesOf
from functions.reader_names import Known, known_among, place_of, stored_readers
from functions.uploads import kept
from shared.domain import FolderDefault, Principal
from shared.errors import Conflict, NotFound
from shared.ingest.documents import (
    ORGANISATIONS,
    SHARED,
    display_name,
    folder_name,
    organisation_folder,
    own_folder,
)
from shared.telemetry.audit import audit

router = APIRouter(tags=["documents"])

_MOST = 1000  # defaults below one user's, or one common, folder


class FolderBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    readers: list[Annotated[str, Field(max_length=1000)]] = Field(min_length=1, max_length=100)


@router.get("/api/folders")
async def list_folders(caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """The defaults of the caller's own folders, and of those that they administer."""
    found = [
        default
        for root in _roots(caller)
        for default in await services.metadata.list_folder_defaults(prefix=root)
    ]
    known = await known_among(frozenset().union(*(each.readers for each in found)), services.metadata)
    return {"folders": [_json(each, caller, known) for each in found]}


@router.put("/api/folders/{path:path}")
async def set_folder(path: str, body: FolderBody, caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """What is new here, or deeper down where no folder says otherwise, is read by `readers`, who are named
    as in sharing a document, and by its owner."""
    folder = kept(folder_name(path, caller.user_id), caller)
    readers = await stored_readers(body.readers, place_of(folder, caller), services)
    store = services.metadata
    others = {each.folder for each in await store.list_folder_defaults(prefix=_root(folder, caller))}
    if len(others - {folder}) >= _MOST:
        raise Conflict(f"{_MOST} folders have defaults already; remove some")
    default = FolderDefault(folder=folder, readers=readers)
    await store.set_folder_default(default)
    told = "readers: " + " ".join(sorted(readers))
    audit("folder_changed", actor=caller.user_id, subject=_root(folder, caller), reason=told)
    return _json(default, caller, await known_among(readers, store))


@router.delete("/api/folders/{path:path}", status_code=204)
async def delete_folder(path: str, caller: Caller, services: ServicesOf) -> None:
    """It has no default any more. Its documents stay, and so do their readers."""
    folder = kept(folder_name(path, caller.user_id), caller)
    if not await services.metadata.folder_defaults([folder]):
        raise NotFound("this folder has no default")
    await services.metadata.set_folder_default(FolderDefault(folder=folder, readers=frozenset()))
    audit("folder_changed", actor=caller.user_id, subject=_root(folder, caller), reason="removed")


def _roots(caller: Principal) -> list[str]:
    """The folders below which the caller may set defaults."""
    roots = [own_folder(caller.user_id)]
    if caller.is_administrator:
        return [SHARED, ORGANISATIONS, *roots]
    return [organisation_folder(caller.organisation_id), *roots] if caller.manages_organisation else roots


def _root(folder: str, caller: Principal) -> str:
    return next(root for root in _roots(caller) if folder.startswith(root))


def _json(default: FolderDefault, caller: Principal, known: Known) -> dict[str, Any]:
    return {
        "path": display_name(default.folder).removesuffix("/"),
        "readers": known.names(default.readers, place_of(default.folder, caller)),
    }
