"""The examples of examples/front-end that need no browser, run against a host as docs/front-end.md says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dialects.npm_client import FOLDER, skip_without_packages
from tests.real_host import RealHost
from tests.stand_ins.openai_server import OpenAIServer

EXAMPLES = Path(__file__).parents[2] / "examples/front-end"
QUESTION = "For how long are returns free?"
ANSWER = "Returns are free for thirty days. [1]"

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The examples, with the packages that `npm install` would put beside them."""
    copied = Path(shutil.copytree(EXAMPLES, tmp_path / "front-end"))
    if (FOLDER / "node_modules").is_dir():
        (copied / "node_modules").symlink_to(FOLDER / "node_modules")
    return copied


@pytest.fixture
def said(host: RealHost, token: str, model: OpenAIServer, folder: Path) -> dict[str, str]:
    """What each example printed."""
    skip_without_packages()
    commands = {
        "ai-chat-protocol": ["node", "ai-chat-protocol.mjs"],
        "openai": ["node", "openai.mjs"],
        "python": [sys.executable, "with_openai.py"],
    }
    environment = os.environ | {"RAG_URL": f"http://127.0.0.1:{host.port}", "RAG_TOKEN": token}
    return {
        name: subprocess.run(
            [*command, QUESTION],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout
        for name, command in commands.items()
    }


def test_each_prints_the_answer_and_its_source(said: dict[str, str], host: RealHost) -> None:
    document = host.document("returns.md")
    assert document is not None
    link = f"http://127.0.0.1:{host.port}/chat#document/{document['id']}/1"
    assert {name: text.splitlines()[0] for name, text in said.items()} == dict.fromkeys(said, ANSWER)
    protocol, openai, python = (
        said[name].splitlines()[1:] for name in ("ai-chat-protocol", "openai", "python")
    )
    assert len(protocol) == 1
    assert protocol[0].startswith("[1] ")
    assert protocol[0].endswith("returns.md, page 1") or protocol[0].endswith("returns.md, section 1")
    assert openai == python
    assert openai[0].endswith(f"<{link}>")


def test_one_without_a_token_says_so(host: RealHost, folder: Path) -> None:
    environment = os.environ | {"RAG_URL": f"http://127.0.0.1:{host.port}", "RAG_TOKEN": "none"}
    ended = subprocess.run(
        [sys.executable, "with_openai.py", QUESTION],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode != 0
    assert "AuthenticationError" in ended.stderr
