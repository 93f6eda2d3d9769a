"""Files into the container of this machine: `rag ingest`, and the samples of a first `rag serve`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from cli.errors import CommandError
from cli.progress import follow
from shared.blob_stores.base import BlobStore
from shared.compose import opened_stores
from shared.settings import Settings

_SHARED = "shared"


def run(paths: list[Path], settings: Settings) -> None:
    """Copy, then follow until every file is indexed or has failed. Errors: `CommandError`."""
    asyncio.run(_ingest(paths, settings))


async def copy_files(files: dict[str, Path], blobs: BlobStore, settings: Settings) -> list[str]:
    """Put each file under `shared/`, whole or not at all; the blobs' names."""
    names = []
    for relative, path in files.items():
        name = f"{_SHARED}/{relative}"
        await blobs.put(name, _content(path), max_size=settings.max_file_mb * 1024 * 1024)
        names.append(name)
    return names


def find_files(paths: Iterable[Path]) -> dict[str, Path]:
    """Files by the path they get: their own name, or their path inside the folder that was named.

    Hidden files, Python's caches and source files are left out of folders. Errors: `CommandError`.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                relative = file.relative_to(path)
                if file.is_file() and _is_document(relative):
                    found[relative.as_posix()] = file
        elif path.is_file():
            found[path.name] = path
        else:
            raise CommandError(f"{path} is not there")
    return found


def _is_document(relative: Path) -> bool:
    return not any(part.startswith((".", "__")) for part in relative.parts) and relative.suffix != ".py"


async def _content(path: Path) -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(path.read_bytes)


async def _ingest(paths: list[Path], settings: Settings) -> None:
    files = find_files(paths)
    async with opened_stores(settings) as (blobs, metadata):
        names = await copy_files(files, blobs, settings)
        await follow(names, blobs, metadata)
