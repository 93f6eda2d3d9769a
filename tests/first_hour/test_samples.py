"""The samples hold what README promises: every kind of file that is read, and questions that they answer."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.ingest.parse import file as parsing
from shared.ingest.parse.kind import Kind
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.source import Source
from tests.real_host import RealHost

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "samples").iterdir())
WITHOUT_SAMPLE = {
    Kind.WORD97: "nobody writes it any more; tests/vectors has some",
    Kind.SLIDES97: "nobody writes it any more; tests/vectors has some",
}
SUGGESTION = re.compile(r'\{ document: "([^"]+)", question: "([^"]+)"(?:, language: "(\w\w)")? \}')
SUGGESTIONS = SUGGESTION.findall((ROOT / "web" / "suggestions.js").read_text("utf-8"))
NEEDS_TESSERACT = "-scan."


def kind_of(sample: Path) -> Kind:
    source = Source(file=sample, name=sample.name, limits=ParseLimits())
    return parsing._parsed(source)[1]


def test_there_is_a_sample_of_every_kind_of_file_that_is_read() -> None:
    found = {kind_of(sample) for sample in SAMPLES}
    assert found.isdisjoint(WITHOUT_SAMPLE)
    assert found | WITHOUT_SAMPLE.keys() == set(Kind)


def test_questions_are_suggested_over_many_kinds_and_three_languages() -> None:
    documents = [document for document, _, _ in SUGGESTIONS]
    assert len(SUGGESTIONS) == (ROOT / "web" / "suggestions.js").read_text("utf-8").count("{ document:")
    assert set(documents) <= {sample.name for sample in SAMPLES}
    assert len({Path(document).suffix for document in documents}) >= 8
    assert {language for _, _, language in SUGGESTIONS} == {"", "de", "es"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, multilingual_weights: Path) -> Iterator[RealHost]:
    """As `make up` starts it, once all samples are read."""
    data = tmp_path_factory.mktemp("first") / "data"
    with RealHost(
        data, models=multilingual_weights, arguments=("--samples", str(ROOT / "samples"))
    ) as running:
        running.sign_in()
        for sample in SAMPLES:
            running.wait_for_status(f"shared/{sample.name}", "indexed", "failed")
        yield running


@pytest.mark.slow
@pytest.mark.embedder
def test_every_sample_is_read(host: RealHost) -> None:
    has_tesseract = shutil.which("tesseract") is not None
    for sample in SAMPLES:
        document = host.document(f"shared/{sample.name}")
        assert document is not None
        if NEEDS_TESSERACT in sample.name and not has_tesseract:
            assert "install tesseract-ocr" in document["reason"]
        else:
            assert document["status"] == "indexed", (sample.name, document["reason"])


@pytest.mark.slow
@pytest.mark.embedder
@pytest.mark.parametrize(("document", "question", "language"), SUGGESTIONS)
def test_a_suggested_question_is_answered_from_its_document(
    host: RealHost, document: str, question: str, language: str
) -> None:
    if NEEDS_TESSERACT in document and shutil.which("tesseract") is None:
        pytest.skip("no tesseract")
    answer = host.client.post("/api/query", json={"question": question}).raise_for_status().json()
    cited = [citation["document"] for citation in answer["citations"]]
    assert f"shared/{document}" in cited or document in cited, answer["answer"]
    assert "don't know" not in answer["answer"]
