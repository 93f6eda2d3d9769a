"""Documents with pages that are pictures: what parsers, pool and children tell one another of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.parse.tesseract import Tesseract

NOT_READ = (
    "is a scan without any text; install tesseract-ocr on the server (or set RAG_OCR) to have scans read, "
    "or upload a copy with text"
)
IN_ARCHIVE = "is a picture or a scan, which are not read in archives; upload it by itself"


@dataclass(frozen=True, kw_only=True)
class ScannedDocument(ParsedDocument):
    """What a parser returns for it; the pool makes a `ParsedDocument` of it."""

    scans: tuple[int, ...]  # the numbers of the pages that hold pictures and no text

    @property
    def has_text(self) -> bool:
        return any(_is_text(page.text) for page in self.pages)

    def readable_scans(self, most: int) -> tuple[int, ...]:
        """Of a document that is text otherwise the first `most`. Errors: `DocumentRejected`."""
        if len(self.scans) > most and not self.has_text:
            raise DocumentRejected(
                f"has {len(self.scans)} scanned pages, more than the {most} that are read; "
                "split it up, or raise RAG_OCR_MAX_PAGES"
            )
        return self.scans[:most]

    def without_scans(self, reason: str = NOT_READ) -> ParsedDocument:
        """Errors: `DocumentRejected(reason)` if nothing else is in it."""
        return self._finished(reason, {})

    def with_texts(self, texts: Mapping[int, str]) -> ParsedDocument:
        """`texts`: what was read, by page number. Errors: `DocumentRejected` if nothing was."""
        return self._finished("is a scan or a picture in which no text was recognised", texts)

    def _finished(self, reason: str, texts: Mapping[int, str]) -> ParsedDocument:
        pages = tuple(replace(page, text=page.text or texts.get(page.number, "")) for page in self.pages)
        if not any(_is_text(page.text) for page in pages):
            raise DocumentRejected(reason)
        return ParsedDocument(title=self.title, pages=pages, page_kind=self.page_kind)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One such page, to be read in a child process."""

    page: int
    tesseract: Tesseract


def _is_text(text: str) -> bool:
    return any(map(str.isalnum, text))
