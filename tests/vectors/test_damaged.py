"""Files with a few bytes wrong are read or rejected; nothing else comes out of a parser."""

import random
import tomllib
from pathlib import Path

import pytest

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits
from tests.vectors.vector_files import Vector, content_of

HERE = Path(__file__).parent
FORMATS = sorted(HERE.glob("*.toml"))
ROUNDS = 20


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut off, overwritten, or with a piece left out or doubled."""
    at = chance.randrange(len(content))
    piece = content[at : at + chance.randrange(1, 40)]
    return chance.choice(
        [
            content[:at],
            content[:at] + chance.randbytes(len(piece)) + content[at + len(piece) :],
            content[:at] + b"\xff" * len(piece) + content[at + len(piece) :],
            content[:at] + content[at + len(piece) :],
            content[:at] + piece * 3 + content[at + len(piece) :],
        ]
    )


def ending(vector: Vector, content: bytes, path: Path) -> str:
    path.write_bytes(content)
    try:
        document = parse_file(path, vector["file"], ParseLimits())
    except DocumentRejected as rejection:
        return "rejected" if str(rejection) else "rejected without a reason"
    return "read" if isinstance(document, ParsedDocument) and document.pages else "neither"


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.stem)
def test_a_damaged_file_is_read_or_rejected(path: Path, tmp_path: Path) -> None:
    chance = random.Random(path.stem)
    vectors = tomllib.loads(path.read_text(encoding="utf-8"))["vector"]
    for vector in vectors:
        whole = content_of(vector)
        for _ in range(ROUNDS):
            content = damaged(whole, chance)
            assert ending(vector, content, tmp_path / "copy") in ("read", "rejected"), (
                vector["name"],
                content,
            )
