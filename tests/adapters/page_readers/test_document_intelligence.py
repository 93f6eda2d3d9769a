"""Pages read by Document Intelligence, and what its refusals come to; over the real SDK."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential

from shared.azure_sdk import Credential
from shared.errors import BackendUnavailable, DocumentRejected, RagError
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.pool import ParserPool
from shared.page_readers.document_intelligence import DocumentIntelligenceReader
from tests.servers.process import free_port
from tests.stand_ins.document_intelligence import KEY, DocumentIntelligence
from tests.stand_ins.key_vault import AnyToken

SETTING = "AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT"


@pytest.fixture
def service() -> Iterator[DocumentIntelligence]:
    with DocumentIntelligence() as service:
        yield service


@pytest.fixture
async def reader(service: DocumentIntelligence) -> AsyncIterator[DocumentIntelligenceReader]:
    reader = DocumentIntelligenceReader(endpoint=service.url, credential=AzureKeyCredential(KEY))
    yield reader
    await reader.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scan"
    path.write_bytes(b"%PDF-" + bytes(range(256)) * 1000)
    return path


async def error_of(reader: DocumentIntelligenceReader, file: Path) -> RagError:
    with pytest.raises(RagError) as caught:
        await reader.read_pages(file, [1])
    return caught.value


async def test_only_the_pages_asked_for_are_analysed_and_come_back_under_their_numbers(
    service: DocumentIntelligence, reader: DocumentIntelligenceReader, file: Path
) -> None:
    service.pages = [f"# Page {number}\n\nGrüße 🌍 aus {number}." for number in range(1, 10)]
    texts = await reader.read_pages(file, [2, 3, 4, 8])
    assert texts == {number: f"# Page {number}\n\nGrüße 🌍 aus {number}." for number in (2, 3, 4, 8)}
    (asked,) = service.asked
    assert (asked["pages"], asked["outputContentFormat"]) == ("2-4,8", "markdown")
    assert asked["body"] == file.read_bytes()


async def test_tables_become_markdown_and_remarks_on_the_page_go(
    service: DocumentIntelligence, reader: DocumentIntelligenceReader, file: Path
) -> None:
    remarks = (
        '<!-- PageHeader="Confidential" -->\n\n<figure>\n\nA chart\n\n</figure>\n\n<!-- PageNumber="1" -->'
    )
    service.pages = [remarks, [["Item", "Price"], ["Left|Right", "3"]]]
    texts = await reader.read_pages(file, [1, 2])
    assert texts == {1: "A chart", 2: "| Item | Price |\n| --- | --- |\n| Left\\|Right | 3 |"}


@pytest.mark.parametrize("credential", [AzureKeyCredential(KEY), AnyToken()], ids=["key", "identity"])
async def test_a_key_or_an_identity_signs_in(
    service: DocumentIntelligence, file: Path, credential: Credential
) -> None:
    service.pages = ["read"]
    reader = DocumentIntelligenceReader(endpoint=service.url, credential=credential)
    assert await reader.read_pages(file, [1]) == {1: "read"}
    await reader.close()


async def test_a_wrong_key_names_the_setting(service: DocumentIntelligence, file: Path) -> None:
    reader = DocumentIntelligenceReader(endpoint=service.url, credential=AzureKeyCredential("wrong"))
    assert "AZURE_DOCUMENT_INTELLIGENCE_KEY" in str(await error_of(reader, file))
    await reader.close()


@pytest.mark.parametrize("in_polling", [False, True])
async def test_a_busy_service_says_when_to_come_back(
    service: DocumentIntelligence, reader: DocumentIntelligenceReader, file: Path, in_polling: bool
) -> None:
    service.fail(429, "429", retry_after="17", in_polling=in_polling)
    error = await error_of(reader, file)
    assert isinstance(error, BackendUnavailable)
    assert error.retry_after == 17


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ({"status": 400, "code": "InvalidRequest", "inner": "InvalidContent"}, "damaged"),
        ({"status": 400, "code": "InvalidRequest", "inner": "InvalidContentDimensions"}, "too small or too"),
        ({"status": 413, "code": "InvalidRequest", "inner": "InvalidContentLength"}, "larger than"),
        ({"status": 200, "code": "InvalidRequest", "inner": "InvalidContent", "in_polling": True}, "damaged"),
    ],
)
async def test_a_file_that_the_service_cannot_read_is_rejected(
    service: DocumentIntelligence,
    reader: DocumentIntelligenceReader,
    file: Path,
    refusal: dict[str, Any],
    reason: str,
) -> None:
    service.fail(**refusal)
    error = await error_of(reader, file)
    assert isinstance(error, DocumentRejected)
    assert reason in str(error)


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 400, "code": "InvalidRequest", "inner": "InvalidParameter"},
        {"status": 404, "code": "NotFound"},
        {"status": 503, "code": "ServiceUnavailable"},
        {"status": 200, "code": "InternalServerError", "in_polling": True},
    ],
)
async def test_other_refusals_are_no_fault_of_the_file(
    service: DocumentIntelligence, reader: DocumentIntelligenceReader, file: Path, refusal: dict[str, Any]
) -> None:
    service.fail(**refusal)
    assert isinstance(await error_of(reader, file), BackendUnavailable)


async def test_nobody_at_the_address_names_the_setting(file: Path) -> None:
    endpoint = f"https://127.0.0.1:{free_port()}"
    reader = DocumentIntelligenceReader(endpoint=endpoint, credential=AzureKeyCredential(KEY))
    assert SETTING in str(await error_of(reader, file))
    await reader.close()


async def test_the_parser_pool_has_scanned_pages_read_by_the_service_and_hangs_up(
    service: DocumentIntelligence, tmp_path: Path
) -> None:
    from PIL import Image

    scan = tmp_path / "scan.pdf"
    page = Image.new("L", (60, 60), 128)
    page.save(scan, "PDF", save_all=True, append_images=[page])
    service.pages = ["The first page.", "The second page."]
    reader = DocumentIntelligenceReader(endpoint=service.url, credential=AzureKeyCredential(KEY))
    pool = ParserPool(workers=1, limits=ParseLimits(), ocr=reader)
    document = await pool.parse(scan, "scan.pdf")
    await pool.close()
    assert [(page.number, page.text) for page in document.pages] == [
        (1, "The first page."),
        (2, "The second page."),
    ]
