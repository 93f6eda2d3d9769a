"""`PageReader`: a service that reads pages which are pictures. Opened by compose, called by the parser pool.

Implementations: `document_intelligence`. Tesseract is none: its work is confined in the pool's own children.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class PageReader(Protocol):
    async def read_pages(self, path: Path, pages: Sequence[int]) -> dict[int, str]:
        """Markdown by page number (from 1); a page without text may be left out.

        Errors: `DocumentRejected` for a file that the service cannot read, `BackendUnavailable`.
        """
        ...

    async def close(self) -> None: ...
