"""Each format's vectors (the .toml files here): what a file must say, must not say, and on which page."""

import tomllib
from pathlib import Path

import pytest

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits
from tests.vectors.vector_files import Vector, content_of

HERE = Path(__file__).parent
VECTORS = [
    pytest.param(vector, id=f"{path.stem}: {vector['name']}")
    for path in sorted(HERE.glob("*.toml"))
    for vector in tomllib.loads(path.read_text(encoding="utf-8"))["vector"]
]
KNOWN = {
    "name", "file", "text", "encoding", "packed", "members", "locked", "made_by",
    "title", "page_kind", "pages", "contains", "lacks", "page_of", "labels", "rejected",
}  # fmt: skip


def deviations(document: ParsedDocument, vector: Vector) -> list[str]:
    texts = [page.text for page in document.pages]
    stated = {
        "title": document.title,
        "page_kind": document.page_kind,
        "pages": len(texts),
        "labels": [page.label for page in document.pages],
    }
    found = [f"{key} is {value!r}" for key, value in stated.items() if vector.get(key, value) != value]
    found += [
        f"lacks {text!r}" for text in vector.get("contains", ()) if not any(text in page for page in texts)
    ]
    found += [f"says {text!r}" for text in vector.get("lacks", ()) if _on(texts, text)]
    for text, number in vector.get("page_of", {}).items():
        pages = _on(texts, text)
        found += [f"{text!r} is on {pages}"] if pages != [number] else []
    return found


def _on(texts: list[str], text: str) -> list[int]:
    return [number for number, page in enumerate(texts, 1) if text in page]


@pytest.mark.parametrize("vector", VECTORS)
def test_a_file_says_what_its_vector_says(vector: Vector, tmp_path: Path) -> None:
    assert vector.keys() <= KNOWN
    path = tmp_path / "copy"
    path.write_bytes(content_of(vector))
    if "rejected" in vector:
        with pytest.raises(DocumentRejected) as rejection:
            parse_file(path, vector["file"], ParseLimits())
        assert vector["rejected"] in str(rejection.value)
        return
    document = parse_file(path, vector["file"], ParseLimits())
    assert deviations(document, vector) == [], "\n---\n".join(page.text for page in document.pages)
