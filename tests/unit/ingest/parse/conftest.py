"""What the parser tests share: files written in a line, and one parse without a pool."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.domain import ParsedDocument
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits

Parse = Callable[[str, bytes], ParsedDocument]


@pytest.fixture
def parse(tmp_path: Path) -> Parse:
    """Parse `content` as a document called `name`, from a nameless copy as blob stores make it."""

    def parse_content(name: str, content: bytes) -> ParsedDocument:
        copy = tmp_path / "copy"
        copy.write_bytes(content)
        return parse_file(copy, name, ParseLimits())

    return parse_content
