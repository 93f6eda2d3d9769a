"""`rag doctor` on the Azure profile: well where all is well, else every fault by its setting."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TypeAlias

import pytest

from shared.search_indexes.azure_search_schema import make_index
from tests.story.azure_profile import AzureProfile, azure_profile

pytestmark = pytest.mark.slow

Findings: TypeAlias = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureProfile]:
    with azure_profile(tmp_path_factory.mktemp("azure")) as profile:
        yield profile


def examined(azure: AzureProfile, **changes: str) -> tuple[int, Findings]:
    """The exit code, and the last finding on each plug."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "doctor", "--json"],
        env={"PATH": os.environ["PATH"], **azure.environment, **changes},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, {finding["subject"]: finding for finding in json.loads(done.stdout)["findings"]}


def levels(findings: Findings, level: str) -> set[str]:
    return {subject for subject, finding in findings.items() if finding["level"] == level}


@pytest.fixture(scope="module")
def sound(azure: AzureProfile) -> tuple[int, Findings]:
    return examined(azure)


def test_a_sound_environment_is_well(sound: tuple[int, Findings]) -> None:
    code, findings = sound
    assert levels(findings, "ok") == set(findings), findings
    assert {"entra id", "smaller model", "fallback"} <= set(findings)
    assert code == 0


@pytest.mark.usefixtures("sound")
def test_before_the_first_start_no_index_is_left_behind(azure: AzureProfile) -> None:
    assert azure.search.resources.indexes() == azure.search.resources.aliases() == []


def test_an_index_of_another_dimension_that_would_be_adopted_is_told(azure: AzureProfile) -> None:
    legacy = make_index("documents", dimension=8, analyzer="multilingual").as_dict()
    azure.search.resources.put_index("documents", legacy, {})
    code, findings = examined(azure)
    azure.search.resources.delete_index("documents", {})
    assert levels(findings, "FAIL") == {"search index"}
    assert "AZURE_OPENAI_EMBEDDING_DIMENSION" in findings["search index"]["message"]
    assert code == 1


def test_several_faults_are_told_at_once_and_each_by_its_setting(azure: AzureProfile) -> None:
    code, findings = examined(
        azure,
        AZURE_OPENAI_CHAT_DEPLOYMENT="none-of-this-name",
        AZURE_SEARCH_API_KEY="expired",
        MONGODB_URI="secret:none-of-this-name",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert levels(findings, "FAIL") == {"chat model", "search index", "metadata", "index record"}
    assert levels(findings, "warn") == {"cache"}
    assert "AZURE_OPENAI_CHAT_DEPLOYMENT" in findings["chat model"]["message"]
    assert "AZURE_SEARCH_API_KEY" in findings["search index"]["message"]
    assert "none-of-this-name" in findings["metadata"]["message"]
    assert code == 1


def test_a_key_vault_that_is_away_hides_nothing_but_what_needs_it(azure: AzureProfile) -> None:
    code, findings = examined(azure, AZURE_KEY_VAULT_URL="https://127.0.0.1:1")
    assert levels(findings, "FAIL") == {"secrets", "metadata", "index record"}
    assert all("AZURE_KEY_VAULT_URL" in findings[name]["message"] for name in levels(findings, "FAIL"))
    assert code == 1
