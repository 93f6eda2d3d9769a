"""The app under the real Functions host, which only Microsoft's base image has: with Docker alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.container import Container
from tests.image.engine import Engine
from tests.stand_ins.tls import trusted
from tests.story.azure_profile import azure_profile
from tests.worker.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def host(engine: Engine, functions_image: str, tmp_path: Path) -> Iterator[Container]:
    if not engine.is_docker:
        pytest.skip("the Functions host comes with Microsoft's image, which only Docker gets here")
    authorities = str(trusted() / "ca.pem")
    with azure_profile(tmp_path) as azure:
        environment = azure.environment | {
            "ASPNETCORE_URLS": "http://127.0.0.1:{port}",
            "AzureFunctionsWebHost__hostid": "rag-image-test",
            "SSL_CERT_FILE": authorities,
            "REQUESTS_CA_BUNDLE": authorities,
        }
        with Container(
            engine,
            functions_image,
            tmp_path,
            environment=environment,
            mounts=(authorities,),
            arguments=(),
            is_read_only=False,  # the Functions host writes beside itself
        ) as container:
            yield container


def test_it_answers_a_question_with_the_page(host: Container) -> None:
    ada = Person(host.client, "ada@example.com")
    handbook = (SAMPLES / "employee-handbook.pdf").read_bytes()
    ada.request("PUT", "/api/documents/shared/handbook.pdf", content=handbook).raise_for_status()
    host.wait_until(
        lambda: ada.request("GET", "/api/documents").json()["documents"][0]["status"] == "indexed", every=0.5
    )
    answer = ada.ask("How many days of annual leave do I have?")
    assert "29 days" in answer["answer"]
    assert {each["document"] for each in answer["citations"]} == {"shared/handbook.pdf"}
