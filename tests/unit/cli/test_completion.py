"""What shells are given to complete by, and that nothing is told where nothing can be had at once."""

from pathlib import Path

import pytest

from cli.completion import document_names, index_names, script
from tests.real_host import free_port


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", "complete -o default -F _rag_completion rag"),
        ("zsh", "#compdef rag"),
        ("fish", "complete --command rag"),
    ],
)
def test_each_shell_gets_a_script_of_its_own(shell: str, words: str) -> None:
    assert words in script(shell)
    assert f"complete_{shell}" in script(shell)


@pytest.mark.parametrize("token", ["", "t"])
def test_no_name_is_told_where_nobody_is_signed_in_or_no_host_answers(
    token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAG_CREDENTIALS", str(tmp_path / "none"))
    monkeypatch.setenv("RAG_URL", f"http://127.0.0.1:{free_port()}")
    if token:
        monkeypatch.setenv("RAG_TOKEN", token)
    assert document_names("a") == index_names("") == []
