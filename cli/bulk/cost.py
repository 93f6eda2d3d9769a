"""What ingesting files would cost, by parsing and cutting them here: `rag ingest --dry-run`."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.bulk.compare import Standing, State, visit_all
from cli.bulk.failures import Failure
from cli.bulk.files import LocalFile
from cli.bulk.target import Container, Records
from cli.progress import Work, counted
from shared.compose import count_tokens
from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.chunk import chunk
from shared.ingest.documents import display_name, document_id
from shared.ingest.parse.pool import ParserPool
from shared.settings import Settings

_FULL_PAGE = "text " * 600  # 3,000 characters


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Of one file. Tokens are rather too many than too few."""

    size: int
    pages: int
    chunks: int
    tokens: int


class UnreadScans:
    """The `PageReader` of an estimate: takes each picture of a page for a full one, and reads none."""

    def __init__(self) -> None:
        self.count = 0

    async def read_pages(self, path: Path, pages: Sequence[int]) -> dict[int, str]:  # noqa: ARG002 unread
        self.count += len(pages)
        return dict.fromkeys(pages, _FULL_PAGE)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    counts: Counter[State]
    measures: list[Measure]  # of the files that would be embedded
    failures: list[Failure]


async def reckon(
    files: Sequence[LocalFile],
    blobs: Container,
    metadata: Records,
    parsers: ParserPool,
    *,
    settings: Settings,
    retry: bool,
    work: Work,
) -> Estimate:
    """Errors: `BackendUnavailable`."""
    max_size = settings.max_file_mb * 1024 * 1024
    counts = Counter[State]()
    measures: list[Measure] = []
    failed_before: list[Failure] = []

    async def visit(file: LocalFile, standing: Standing) -> None:
        counts[standing.state] += 1
        if standing.state is State.FAILED and not retry:
            failed_before.append(Failure(name=file.name, reason=standing.reason))
        elif standing.state is not State.INDEXED:
            if file.size > max_size:
                raise DocumentRejected(f"is larger than {max_size:,} bytes; split it up")
            parsed = await parsers.parse(file.path, display_name(file.name))
            measures.append(await asyncio.to_thread(_measured, file, parsed, settings))

    failures = await visit_all(files, blobs, metadata, visit, work=work)
    return Estimate(counts=counts, measures=measures, failures=failed_before + failures)


def describe(measures: Sequence[Measure]) -> str:
    """`2 files, 1,234 bytes, 3 pages, 4 chunks, at most 567 tokens`"""
    said = (
        counted(len(measures), "file"),
        counted(sum(measure.size for measure in measures), "byte"),
        counted(sum(measure.pages for measure in measures), "page"),
        counted(sum(measure.chunks for measure in measures), "chunk"),
        f"at most {counted(sum(measure.tokens for measure in measures), 'token')}",
    )
    return ", ".join(said)


def price_of(measures: Sequence[Measure], settings: Settings) -> str:
    """In words, by the table of the settings: its longest name that the deployment's name holds."""
    if settings.embedder != "azure_openai":
        return f"nothing; {settings.embedder} runs on this machine"
    deployment = settings.azure_openai_embedding_deployment or ""
    models = [model for model in settings.embedding_prices if model in deployment]
    if not models:
        return f"unknown; add the price of {deployment} to RAG_EMBEDDING_PRICES"
    model = max(models, key=len)
    tokens, price = (
        sum(measure.tokens for measure in measures),
        settings.embedding_prices[model],
    )
    return f"at most ${tokens * price / 1e6:,.2f} ({model} at ${price:g} per million tokens)"


def _measured(file: LocalFile, parsed: ParsedDocument, settings: Settings) -> Measure:
    chunks = chunk(
        parsed,
        document_id=document_id(file.name),
        version=1,
        max_chars=settings.chunk_chars,
        overlap=settings.chunk_overlap,
    )
    return Measure(
        size=file.size,
        pages=len(parsed.pages),
        chunks=len(chunks),
        tokens=sum(count_tokens(part.embedding_text) for part in chunks),
    )
