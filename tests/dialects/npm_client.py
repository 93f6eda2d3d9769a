"""Microsoft's client of its AI Chat Protocol, as npm has it. Used by test_chat_protocol_client."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / ".cache/servers/front-end"
_INSTALL = "make servers"
_SCRIPT = Path(__file__).with_name("chat_protocol_client.mjs")


@dataclass(frozen=True, kw_only=True)
class NpmClient:
    endpoint: str
    token: str

    def __post_init__(self) -> None:
        """Skips where there is no such client."""
        skip_without_packages()

    def ask(self, *messages: dict[str, Any], streamed: bool, session_state: str | None = None) -> Any:
        """`{completion}`, or `{deltas}` of a stream; with `{error}` if the client threw one."""
        job = {"folder": str(FOLDER), "endpoint": self.endpoint, "token": self.token, "messages": messages}
        job |= {"streamed": streamed} | ({"sessionState": session_state} if session_state else {})
        ended = subprocess.run(
            ["node", _SCRIPT], input=json.dumps(job), capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


def skip_without_packages() -> None:
    if shutil.which("node") is None:
        pytest.skip("no Node.js")
    if not (FOLDER / "node_modules/openai").is_dir():
        pytest.skip(f"no packages of front ends: {_INSTALL}")
