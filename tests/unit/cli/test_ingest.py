"""What `rag ingest` does with files that are new, changed, there already, failed before or unreadable."""

from collections.abc import AsyncIterator, Sequence
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli.bulk.compare import State
from cli.bulk.files import LocalFile
from cli.bulk.files import find_files as select
from cli.bulk.upload import Brought, bring, put_file
from cli.ingest import copy_files, find_files
from cli.progress import Work
from shared.blob_stores.base import BlobStore
from shared.compose import opened_stores
from shared.domain import BlobProperties, Document, DocumentStatus
from shared.errors import BackendUnavailable, TooLarge
from shared.ingest import pipeline
from shared.ingest.documents import document_id
from shared.services import Services
from shared.settings import Settings


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


async def brought(
    services: Services, *paths: Path, retry: bool = False, blobs: BlobStore | None = None
) -> Brought:
    found = select(paths)
    with Work(Console(file=StringIO()), "uploading", files=len(found.files), size=0) as work:
        return await bring(
            found.files,
            blobs or services.blobs,
            services.metadata,
            max_size=10_000_000,
            retry=retry,
            work=work,
        )


async def state_of(services: Services, name: str) -> Document:
    document = await services.metadata.document(document_id(name))
    assert document is not None
    return document


async def test_only_what_is_new_or_changed_is_uploaded(services: Services, tmp_path: Path) -> None:
    library = write(tmp_path / "library", a="alder", b="birch")
    first = await brought(services, library)
    assert first.counts == {State.NEW: 2}
    for name in first.to_follow:
        await pipeline.ingest(name, services)
    before = await services.blobs.head("shared/a.txt")
    write(library, b="beech", c="cedar")  # of the same length, and a new one

    second = await brought(services, library)
    assert second.counts == {State.INDEXED: 1, State.CHANGED: 1, State.NEW: 1}
    assert set(second.to_follow) == {"shared/b.txt", "shared/c.txt"}
    assert await services.blobs.head("shared/a.txt") == before


async def test_an_upload_that_was_never_ingested_is_followed_and_not_repeated(
    services: Services, tmp_path: Path
) -> None:
    library = write(tmp_path / "library", a="alder")
    first = await brought(services, library)
    second = await brought(services, library)
    assert second.counts == {State.UPLOADED: 1}
    assert second.to_follow == first.to_follow


async def test_a_document_that_tells_of_an_older_blob_is_not_believed(
    services: Services, tmp_path: Path
) -> None:
    library = write(tmp_path / "library", a="alder")
    for name in (await brought(services, library)).to_follow:
        await pipeline.ingest(name, services)
    await brought(services, write(tmp_path / "other", a="birch"))  # uploaded, not ingested yet
    assert (await state_of(services, "shared/a.txt")).status is DocumentStatus.INDEXED
    assert (await brought(services, library)).counts == {State.CHANGED: 1}


async def test_what_failed_is_told_again_and_uploaded_again_only_on_demand(
    services: Services, tmp_path: Path
) -> None:
    library = write(tmp_path / "library", a="BROKEN")
    for name in (await brought(services, library)).to_follow:
        await pipeline.ingest(name, services)
    before = await services.blobs.head("shared/a.txt")

    again = await brought(services, library)
    assert again.to_follow == {}
    assert [(f.name, f.reason) for f in again.failures] == [("shared/a.txt", "the file is broken on purpose")]
    assert await services.blobs.head("shared/a.txt") == before

    retried = await brought(services, library, retry=True)
    assert retried.failures == []
    assert set(retried.to_follow) == {"shared/a.txt"}
    assert await services.blobs.head("shared/a.txt") != before


class CountingMetadata:
    def __init__(self) -> None:
        self.asked: list[int] = []

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        self.asked.append(len(document_ids))
        return {}


class ThinBlobs:
    """Takes everything, keeps nothing but the size of the largest piece; `failing` names cannot be stored."""

    def __init__(self, *, failing: frozenset[str] = frozenset()) -> None:
        self.largest = 0
        self.names: list[str] = []
        self.puts = 0
        self._failing = failing

    async def head(self, _name: str) -> BlobProperties | None:
        return None

    async def put(self, name: str, content: AsyncIterator[bytes], *, max_size: int) -> BlobProperties:
        size = 0
        self.puts += 1
        if name in self._failing:
            raise BackendUnavailable("storage is away")
        async for piece in content:
            self.largest = max(self.largest, len(piece))
            size += len(piece)
        assert size <= max_size
        self.names.append(name)
        return BlobProperties(name=name, etag="1", size=size, modified_at=0.0)


async def bring_to(blobs: ThinBlobs, metadata: CountingMetadata, files: list[LocalFile]) -> Brought:
    with Work(Console(file=StringIO()), "uploading", files=len(files), size=0) as work:
        return await bring(files, blobs, metadata, max_size=10_000_000, retry=False, work=work)  # type: ignore[arg-type]


def many(path: Path, count: int) -> list[LocalFile]:
    path.write_text("text")
    return [LocalFile(path=path, name=f"shared/{number:04}", size=4) for number in range(count)]


async def test_thousands_of_files_are_looked_up_by_hundreds(tmp_path: Path) -> None:
    metadata, blobs = CountingMetadata(), ThinBlobs()
    result = await bring_to(blobs, metadata, many(tmp_path / "a.txt", 1_100))
    assert metadata.asked == [500, 500, 100]
    assert len(set(blobs.names)) == len(blobs.names) == len(result.to_follow) == 1_100


async def test_a_large_file_travels_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(5_000_000))
    blobs = ThinBlobs()
    file = LocalFile(path=path, name="shared/large.bin", size=5_000_000)
    stored = await put_file(file, blobs, max_size=5_000_000)  # type: ignore[arg-type]
    assert (stored.size, blobs.largest) == (5_000_000, 1024 * 1024)
    with pytest.raises(TooLarge, match="4,999,999 bytes; RAG_MAX_FILE_MB"):
        await put_file(file, blobs, max_size=4_999_999)  # type: ignore[arg-type]
    assert blobs.puts == 1


async def test_files_that_vanish_or_are_refused_do_not_stop_the_rest(tmp_path: Path) -> None:
    files = many(tmp_path / "a.txt", 40)
    gone = LocalFile(path=tmp_path / "gone.txt", name="shared/gone", size=4)
    failing = frozenset(file.name for file in files[:7])
    result = await bring_to(ThinBlobs(failing=failing), CountingMetadata(), [gone, *files])
    assert {failure.name for failure in result.failures} == {"shared/gone", *failing}
    assert len(result.to_follow) == 33


async def test_a_store_that_is_away_for_good_ends_the_upload_soon(tmp_path: Path) -> None:
    files = many(tmp_path / "a.txt", 400)
    blobs = ThinBlobs(failing=frozenset(file.name for file in files))
    with pytest.raises(BackendUnavailable, match="storage is away"):
        await bring_to(blobs, CountingMetadata(), files)
    assert blobs.puts < 20


async def test_samples_are_copied_under_shared(tmp_path: Path) -> None:
    source = tmp_path / "samples/deep/a b.md"
    source.parent.mkdir(parents=True)
    source.write_text("text")
    settings = Settings(data=tmp_path / "data")
    async with opened_stores(settings) as (blobs, _):
        names = await copy_files(find_files([tmp_path / "samples"]), blobs, settings)
    assert names == ["shared/deep/a b.md"]
    assert (tmp_path / "data/uploads/shared/deep/a b.md").read_text() == "text"
