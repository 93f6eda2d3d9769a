"""`DocumentIntelligenceReader`: pages by Azure AI Document Intelligence's layout model. Opened by compose."""

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from azure.ai.documentintelligence.aio import DocumentIntelligenceClient
from azure.ai.documentintelligence.models import AnalyzeResult, DocumentPage, DocumentTable
from azure.core.exceptions import HttpResponseError

from shared.azure_sdk import AzureService, Credential, calling
from shared.errors import DocumentRejected

_SERVICE = AzureService(
    name="Document Intelligence",
    setting="AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT",
    key_setting="AZURE_DOCUMENT_INTELLIGENCE_KEY",
    role="Cognitive Services User",
)
_MODEL = "prebuilt-layout"
_TIMEOUT, _TIMEOUT_PER_PAGE = 60.0, 3.0  # seconds; the service takes about one for a page
_POLLING = 2  # seconds, where the service names none
_REASONS = {  # by the service's word for what is wrong with a file
    "InvalidContent": "cannot be read by Document Intelligence; it may be damaged or protected",
    "InvalidContentDimensions": "has pictures too small or too large for Document Intelligence",
    "InvalidContentLength": "is larger than Document Intelligence takes; split it into smaller files",
    "UnsupportedContent": "is of a kind that Document Intelligence cannot read; save it as PDF, PNG or JPEG",
}
_REMARK = re.compile(r"<!-- Page(?:Number|Header|Footer|Break)\b.*?-->|</?figure>", re.S)
_EMPTY_LINES = re.compile(r"\n{3,}")


class DocumentIntelligenceReader:
    """One analysis for all pages of a document that are asked for."""

    def __init__(self, *, endpoint: str, credential: Credential) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._opened: DocumentIntelligenceClient | None = None

    async def read_pages(self, path: Path, pages: Sequence[int]) -> dict[int, str]:
        async with calling(_SERVICE, timeout=_TIMEOUT + _TIMEOUT_PER_PAGE * len(pages)):
            try:
                with path.open("rb") as file:
                    poller = await self._client().begin_analyze_document(
                        _MODEL,
                        file,
                        pages=_ranges(pages),
                        output_content_format="markdown",
                        string_index_type="unicodeCodePoint",
                    )
                result = await poller.result()
            except HttpResponseError as error:
                if reason := _REASONS.get(_code(error)):
                    raise DocumentRejected(reason) from error
                raise
        return {page.page_number: _markdown(result, page) for page in result.pages}

    async def close(self) -> None:
        """It may be used again."""
        client, self._opened = self._opened, None
        if client is not None:
            await client.close()

    def _client(self) -> DocumentIntelligenceClient:
        if self._opened is None:
            # A busy service says when to come back: that is passed on and not slept through.
            self._opened = DocumentIntelligenceClient(
                self._endpoint, self._credential, polling_interval=_POLLING, retry_total=2, retry_status=0
            )
        return self._opened


def _ranges(pages: Sequence[int]) -> str:
    """`1-3,7` for 1, 2, 3 and 7."""
    runs = groupby(enumerate(sorted(pages)), key=lambda numbered: numbered[1] - numbered[0])
    listed = ([page for _, page in run] for _, run in runs)
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in listed)


def _code(error: HttpResponseError) -> str:
    """The service's innermost word for what is wrong."""
    if error.error is None:
        return ""
    return str((error.error.innererror or {}).get("code") or error.error.code)


def _markdown(result: AnalyzeResult, page: DocumentPage) -> str:
    """The page's part of the document's Markdown, whose tables are HTML."""
    parts = []
    for span in page.spans:
        at, end = span.offset, span.offset + span.length
        for start, length, table in _tables(result):
            if at <= start and start + length <= end:
                parts += [result.content[at:start], table]
                at = start + length
        parts.append(result.content[at:end])
    return _EMPTY_LINES.sub("\n\n", _REMARK.sub("", "".join(parts))).strip()


def _tables(result: AnalyzeResult) -> list[tuple[int, int, str]]:
    """Offset, length and Markdown; a table's later parts, on further pages, are in its first."""
    return sorted(
        (span.offset, span.length, "" if at else _table(table))
        for table in result.tables or ()
        for at, span in enumerate(table.spans)
    )


def _table(table: DocumentTable) -> str:
    rows = [[""] * table.column_count for _ in range(table.row_count)]
    for cell in table.cells:
        rows[cell.row_index][cell.column_index] = " ".join(cell.content.split()).replace("|", "\\|")
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    caption = [table.caption.content, ""] if table.caption else []
    return "\n".join([*caption, head, "|" + " --- |" * table.column_count, *body])
