"""Every command of the Azure CLI that pages and workflows print is one that it takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.deploy.azure_cli import refusal

ROOT = Path(__file__).parents[3]
FILES = [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / ".github/workflows").glob("*.yml"))]


def commands(text: str) -> Iterator[list[str]]:
    """In blocks and in backquotes; what follows a word with `…` or of capitals is a value."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for found in re.finditer(
        r"(?:^|[`(;&]|\bsudo )\s*az ((?:[^\n`|;&#<>()\"]|\"[^\"\n]*\")+)", joined, re.MULTILINE
    ):
        yield shlex.split(found[1])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_command_is_one_that_it_takes(file: Path) -> None:
    printed = [words for words in commands(file.read_text()) if words != ["upgrade"] and words != ["rest"]]
    assert [said for said in map(refusal, printed) if said] == []


def test_the_commands_of_a_page_are_found() -> None:
    block = 'az login && az account set --subscription "A B"\nx=$(az acr login \\\n  --name a)\n'
    page = f"`az group list` and\n```sh\n{block}```\n"
    assert list(commands(page)) == [
        ["group", "list"],
        ["login"],
        ["account", "set", "--subscription", "A B"],
        ["acr", "login", "--name", "a"],
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["group", "make", "--name", "a"], "no command"),
        (["group", "create", "--name", "a"], "wants --location"),
        (["acr", "login", "--registry", "a", "--name", "b"], "takes no --registry"),
        (["acr", "login", "--name", "a", "--output", "json"], ""),
    ],
)
def test_what_the_cli_does_not_take_is_told(words: list[str], said: str) -> None:
    assert (said in refusal(words)) if said else refusal(words) == ""
