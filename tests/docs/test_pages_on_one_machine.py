"""The pages whose commands need nothing but this machine, run as they are printed against a real host."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.printed import run
from tests.real_host import RealHost
from tests.stand_ins.weights import weights

__all__ = ["weights"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RAG = Path(sys.prefix, "bin/rag")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.embedder,
    pytest.mark.timeout(900),  # a page is run whole
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
    pytest.mark.skipif(not RAG.exists(), reason="`make` has not put `rag` into this environment"),
]


@pytest.fixture(scope="module")
def models(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models of its own, as the pages prepare another one."""
    folder = tmp_path_factory.mktemp("models") / weights.name
    folder.symlink_to(weights)
    return folder


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[RealHost]:
    """With the one sample that the pages ask about."""
    folder = tmp_path_factory.mktemp("pages")
    samples = folder / "samples"
    samples.mkdir()
    shutil.copy(ROOT / "samples/employee-handbook.pdf", samples)
    with RealHost(folder / "data", models=models, arguments=("--samples", str(samples))) as host:
        host.wait_until(lambda: "/api/auth/register" in host.text())  # the samples are indexed
        yield host


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which `make up` has been run, as far as the commands see one."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "samples").symlink_to(ROOT / "samples")
    return folder


@pytest.fixture(scope="module")
def environment(host: RealHost, models: Path, folder: Path) -> Mapping[str, str]:
    return {
        "RAG_DATA": str(host.data),
        "RAG_MODELS": str(models.parent),
        "RAG_EMBEDDER": models.name,
        "RAG_CREDENTIALS": str(folder / "credentials.json"),
        "RAG_URL": f"http://127.0.0.1:{host.port}",
        "PATH": f"{RAG.parent}:/usr/local/bin:/usr/bin:/bin",
    }


def test_the_quickstart_then_the_migration_to_another_model(
    host: RealHost, folder: Path, environment: Mapping[str, str]
) -> None:
    replaced = {"127.0.0.1:7071": f"127.0.0.1:{host.port}"}
    run(DOCS / "quickstart.md", folder=folder, environment=environment, replaced=replaced)
    # The page says to be signed in.
    signed_in = {
        "rag weights ": f"rag login {environment['RAG_URL']} --email ada@example.com"
        " <<< 'correct horse battery' && RAG_EMBEDDER=minilm rag weights "
    }
    run(DOCS / "migration.md", folder=folder, environment=environment, replaced=signed_in)


def test_the_page_about_measuring_on_a_folder_as_it_describes_one(
    folder: Path, models: Path, tmp_path: Path
) -> None:
    own = folder / "my-documents"
    own.mkdir()
    shutil.copy(ROOT / "samples/faq.html", own)
    rows = [
        {"question": "Do you rent balances?", "answers": [{"document": "faq.html", "page": None}]},
        {"question": "Who won the football world cup of 1974?", "answers": []},
    ]
    (own / "questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    environment = {
        "RAG_DATA": str(tmp_path / "data"),
        "RAG_MODELS": str(models.parent),
        "RAG_EMBEDDER": models.name,
        "PATH": f"{RAG.parent}:/usr/local/bin:/usr/bin:/bin",
    }
    run(DOCS / "evaluation.md", folder=folder, environment=environment, replaced={})
    assert len((folder / "rows.jsonl").read_text().splitlines()) == len(rows)
    assert (folder / "b.json").exists()
