"""Services of a measurement's own, beside live data and away from it. Called by `evals.evaluation`.

What lies on this machine lies in a folder of its own; what lies in Azure has names that begin with `eval-`
and is removed afterwards. Nothing is put into Redis but the share of the embedding deployment's rate.
"""

import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from shared.compose import Ground, open_ground, open_services
from shared.errors import ConfigError
from shared.services import Services
from shared.settings import Settings

_REMOTE = ("azure_search", "mongo", "azure_blob")
_LONGEST_BASE = 40  # characters of a live name that stay in the name beside it
_EMBEDDINGS = "embeddings.db"  # as compose names it
_CACHE_MB = 1024
_CACHE_DAYS = 365.0


@dataclass(frozen=True, kw_only=True)
class Isolated:
    """Where a measurement works. `embeddings`: what keeps them from one run to the next, if anything does."""

    ground: Ground
    container: str
    embeddings: Path | None

    @asynccontextmanager
    async def filling(self) -> AsyncIterator[Services]:
        """For documents, which are not embedded again if an earlier run has done it."""
        settings = self.ground.settings
        if self.embeddings is not None and _embeds_here(settings):
            link = settings.data / _EMBEDDINGS
            self.embeddings.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(self.embeddings.resolve())
            update = {"embedding_cache_mb": _CACHE_MB, "embedding_cache_days": _CACHE_DAYS}
            settings = settings.model_copy(update=update)
        async with _opened(settings, self) as services:
            yield services

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Services]:
        """For questions, each of which is embedded as if nobody had asked it before."""
        async with _opened(self.ground.settings, self) as services:
            yield services


@asynccontextmanager
async def isolated(
    settings: Settings, *, keep: Path | None = None, embeddings: Path | None = None
) -> AsyncIterator[Isolated]:
    """Errors: `ConfigError`, `BackendUnavailable`."""
    is_remote = any(plug in _REMOTE for plug in _stores(settings))
    if keep is not None and is_remote:
        raise ConfigError("--keep is for a folder of this machine, but the settings keep data elsewhere")
    live = await open_ground(settings)  # its secrets are where they are
    token = "kept" if keep else secrets.token_hex(4)
    container = f"eval-{token}"
    try:
        with _folder(keep / _filled_by(settings) if keep else None) as data:
            own = replace(live, settings=_beside(live.settings, data, token))
            try:
                yield Isolated(ground=own, container=container, embeddings=embeddings)
            finally:
                if is_remote:
                    from evals.azure_names import remove_all

                    await remove_all(own, container=container)
    finally:
        await live.close()


def _beside(settings: Settings, data: Path, token: str) -> Settings:
    index = settings.index_name[:_LONGEST_BASE].rstrip("-")
    return settings.model_copy(
        update={
            "data": data,
            "index_name": f"eval-{token}-{index}",
            "mongodb_database": f"eval-{token}-{settings.mongodb_database[:_LONGEST_BASE]}",
            "answer_cache_hours": 0.0,
            "embedding_cache_mb": 0,
        }
    )


def _filled_by(settings: Settings) -> str:
    """Names the folder of an index: one that is filled otherwise is another one."""
    embedder: str = settings.embedder
    if embedder == "azure_openai":
        embedder += (
            f"-{settings.azure_openai_embedding_deployment}-{settings.azure_openai_embedding_dimension}"
        )
    return f"{embedder}-{settings.chunk_chars}-{settings.chunk_overlap}"


def _stores(settings: Settings) -> tuple[str, ...]:
    return settings.search_index, settings.metadata_store, settings.blob_store


def _embeds_here(settings: Settings) -> bool:
    return settings.embedder != "azure_openai" and settings.cache == "sqlite"


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="rag-eval-") as folder:
        yield Path(folder)


@asynccontextmanager
async def _opened(settings: Settings, place: Isolated) -> AsyncIterator[Services]:
    services = await open_services(settings)
    live_blobs = services.blobs
    if settings.blob_store == "azure_blob":
        from evals.azure_names import open_container

        services = replace(services, blobs=open_container(place.ground, place.container))
        await live_blobs.close()
    try:
        yield services
    finally:
        await services.close()
