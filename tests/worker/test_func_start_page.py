"""docs/func-start.md: its two terminals together, with the settings that it copies, on the real worker."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.real_host import RealHost
from tests.worker.person import Person

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/func-start.md").read_text()
SETTINGS = json.loads((ROOT / "local.settings.json.example").read_text())

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


def printed(beginning: str) -> list[str]:
    """The arguments of the one command of the page that begins so."""
    (line,) = re.findall(rf"^{re.escape(beginning)}(.*?)(?:#.*)?$", PAGE, re.MULTILINE)
    return shlex.split(line)


def test_what_is_uploaded_in_one_terminal_is_ingested_by_the_other(
    start_host: Any, local_profile: dict[str, str], weights: Path, tmp_path: Path
) -> None:
    assert printed("cp ") == ["local.settings.json.example", "local.settings.json"]
    assert f"HTTP on http://localhost:{SETTINGS['Host']['LocalHttpPort']}" in PAGE
    only, what, _port, _number = printed(".venv/bin/rag serve ")
    folder = tmp_path / "data"
    beside = RealHost(folder, models=weights, arguments=(only, what))
    told = SETTINGS["Values"] | local_profile | {"RAG_DATA": str(folder)}
    with beside, start_host(ROOT, **told) as (host, client):
        switched_off = re.findall(r"AzureWebJobs\.(\w+)\.Disabled", " ".join(SETTINGS["Values"]))
        assert set(switched_off) < set(host.functions)
        assert "ingest_blob" not in host.functions
        ada = Person(client, "ada@example.com")
        document = ada.upload("notes/warranty.md", "# Warranty\n\nThe pump has a warranty of seven years.\n")
        beside.wait_until(lambda: ada.status(document["id"]) == "indexed")
        answer = ada.ask("How long is the warranty of the pump?")
        assert "seven years" in answer["answer"]
        assert answer["citations"][0]["document"].endswith("notes/warranty.md")
