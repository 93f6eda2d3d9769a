"""What becomes of index versions: built beside the live one, promoted, rolled back to, removed.

Called by the indexes' routes and the reconciler. Every change of state is one write of the metadata store;
what follows it (the alias, files, what documents say of a removed index) the reconciler repeats after a
crash.
"""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass

from shared.domain import IndexState, IndexVersion
from shared.errors import ConfigError, Conflict, InvalidRequest, NotFound
from shared.ingest.versions import FillEvent, send
from shared.services import Services
from shared.telemetry.logs import event

log = logging.getLogger(__name__)

_LEFTOVERS = 7 * 24 * 3600.0  # seconds for which a removed index is removed again, should it come back


@dataclass(frozen=True, kw_only=True)
class Counts:
    documents: int  # whose current version it has
    missing: int  # whose current version it lacks
    chunks: int


async def build(
    services: Services,
    *,
    embedder: str | None = None,
    dimension: int | None = None,
    chars: int | None = None,
    overlap: int | None = None,
) -> IndexVersion:
    """Record a new version and let the workers fill it. What is not given is as the settings say.

    Errors: `Conflict` while another is being built, `InvalidRequest`.
    """
    shelf = services.shelf
    try:
        version = await shelf.planned(embedder=embedder, dimension=dimension, chars=chars, overlap=overlap)
        if version.chunk_overlap >= version.chunk_chars:
            raise InvalidRequest("chunk_overlap must be less than chunk_chars")
        tried = await shelf.open(version).embedder.embed_query("Is this model here?")
    except ConfigError as error:
        raise InvalidRequest(str(error)) from error
    if len(tried) != version.dimension:
        raise InvalidRequest(f"{version.embedder} makes {len(tried)} numbers, not {version.dimension}")
    if not await services.metadata.add_index(version):
        raise Conflict("another index is being built; promote or remove it first")
    await shelf.versions(fresh=True)
    await send(FillEvent(index=version.name), services)
    event(log, "index_build_started", index=version.name)
    return version


async def promote(name: str, services: Services) -> IndexVersion:
    """Queries of every process go to this index within a second. Errors: `NotFound`, `Conflict`."""
    version = await find(name, services)
    live = _live(await services.shelf.versions())
    if version.name == live.name:
        raise Conflict(f"{name} is live already")
    try:
        services.shelf.open(version)
    except ConfigError as error:
        raise Conflict(str(error)) from error
    base = services.shelf.base
    if not await services.metadata.switch_index(base, name, expected=live.name, now=time.time()):
        raise Conflict("another change of the live index came first; look at them again")
    event(log, "index_promoted", index=name, before=live.name)
    promoted = await find(name, services)
    await services.shelf.indexes.point(base, name)
    return promoted


async def rollback(services: Services) -> IndexVersion:
    """To the version that was live last. Errors: `Conflict` where none is kept."""
    versions = await services.shelf.versions(fresh=True)
    standby = [each for each in versions if each.state is IndexState.STANDBY]
    if not standby:
        raise Conflict("no index that was live before is kept")
    return await promote(max(standby, key=lambda each: each.changed_at).name, services)


async def remove(name: str, services: Services) -> None:
    """Errors: `NotFound`, `Conflict` for the live one."""
    await find(name, services)
    if not await services.metadata.remove_index(services.shelf.base, name, now=time.time()):
        raise Conflict(f"{name} is live; promote another index first")
    event(log, "index_removed", index=name)
    await services.shelf.versions(fresh=True)
    await services.metadata.forget_index(name)
    await services.shelf.indexes.remove(name)


async def tidy(services: Services, *, grace: float, named: Collection[str]) -> None:
    """Remove what was live longer than `grace` seconds ago; finish what a crash or a straggler left.

    `named`: the indexes that documents say they are held in.
    """
    versions, now = await services.shelf.versions(fresh=True), time.time()
    filled = {version.name for version in versions if version.is_filled}
    for name in set(named) - filled:
        await services.metadata.forget_index(name)
    for version in versions:
        if version.state is IndexState.STANDBY and now - version.changed_at > grace:
            await remove(version.name, services)
        elif version.state is IndexState.REMOVED and now - version.changed_at < _LEFTOVERS:
            await services.shelf.indexes.remove(version.name)
        elif version.is_filled:
            counts = await count(version, services)
            await services.metadata.note_index(
                version.base, version.name, documents=counts.documents, chunks=counts.chunks
            )
    live = _live(await services.shelf.versions(fresh=True))  # it may have changed meanwhile
    await services.shelf.indexes.point(services.shelf.base, live.name)


async def find(name: str, services: Services) -> IndexVersion:
    """As the store has it now. Errors: `NotFound`, also for a removed one."""
    for version in await services.shelf.filled():
        if version.name == name:
            return version
    raise NotFound(f"there is no index {name}")


async def count(version: IndexVersion, services: Services) -> Counts:
    """Of a removed one what was counted last."""
    if not version.is_filled:
        return Counts(documents=version.documents, missing=0, chunks=version.chunks)
    current, held = await services.metadata.count_held(version.name)
    chunks = await services.shelf.search_index(version).count()
    return Counts(documents=held, missing=current - held, chunks=chunks)


def _live(versions: list[IndexVersion]) -> IndexVersion:
    return next(version for version in versions if version.state is IndexState.LIVE)
