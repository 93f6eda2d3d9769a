"""Every sample parses to what vectors/samples.json says."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from shared.domain import ParsedDocument
from shared.ingest.parse.file import parse_file
from shared.ingest.parse.limits import ParseLimits

ROOT = Path(__file__).parents[4]
SAMPLES = ROOT / "samples"
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "samples.json").read_text("utf-8"))
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@cache
def parsed(name: str) -> ParsedDocument:
    return parse_file(SAMPLES / name, name, ParseLimits())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["file"])
def test_a_sample_keeps_its_title_pages_headings_and_tables(vector: dict) -> None:
    document = parsed(vector["file"])
    assert (document.title, document.page_kind) == (vector["title"], vector["page_kind"])
    assert [page.number for page in document.pages] == list(range(1, vector["pages"] + 1))
    for number, texts in vector["contains"].items():
        for text in texts:
            assert text in document.pages[int(number) - 1].text
    whole = "\n".join(page.text for page in document.pages)
    assert [text for text in vector["lacks"] if text in whole] == []
    assert FORBIDDEN.search(whole) is None


def test_every_sample_has_a_vector_and_is_small() -> None:
    files = [path for path in SAMPLES.rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == sorted(vector["file"] for vector in VECTORS)
    assert sum(path.stat().st_size for path in files) < 1_500_000
