"""In the Azure profile a large file goes from the page straight to the container, as its policies allow."""

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient, CorsRule
from playwright.sync_api import Page, expect

from tests.real_host import RealHost
from tests.story.azure_profile import azure_profile

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(240)]

SAMPLE = Path(__file__).parents[2] / "samples/warranty-terms.docx"
PADDING = 65 * 1024 * 1024  # bytes: more than the page sends through the host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[RealHost]:
    folder = tmp_path_factory.mktemp("azure")
    with azure_profile(folder) as azure:
        running = RealHost(folder / "data", models=weights, environment=azure.environment)
        # The rule that infra/bicep/modules/storage.bicep gives the account.
        rule = CorsRule(
            [f"http://127.0.0.1:{running.port}"],
            ["PUT"],
            allowed_headers=["content-type", "x-ms-blob-type"],
            max_age_in_seconds=3600,
        )
        storage = azure.environment["AzureWebJobsStorage"]
        with BlobServiceClient.from_connection_string(storage) as service:
            service.set_service_properties(cors=[rule])
        with running:
            yield running


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    path = tmp_path / "large.docx"
    with zipfile.ZipFile(SAMPLE) as sample, zipfile.ZipFile(path, "w") as large:
        for name in sample.namelist():
            large.writestr(name, sample.read(name))
        large.writestr("word/media/padding.bin", os.urandom(PADDING))
    return path


def test_a_large_file_goes_straight_to_the_container(
    page: Page, register: Callable[[Page], str], large_file: Path
) -> None:
    register(page)
    with page.expect_request(lambda request: request.method == "PUT", timeout=60_000) as sent:
        page.get_by_label("Choose documents to upload").set_input_files(large_file)
    assert "/devstoreaccount1/uploads/users/" in sent.value.url
    row = page.locator(".row[data-status=indexed]", has_text="large.docx")
    expect(row).to_be_visible(timeout=60_000)
