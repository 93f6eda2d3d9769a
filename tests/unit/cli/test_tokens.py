"""`rag tokens …`: what it asks of the API, and what it says."""

import json
from typing import Any

import httpx
import pytest

from cli import personal_tokens
from cli.errors import CommandError

CI = {"id": "i1", "name": "ci", "scopes": ["ingest", "query"], "expires_at": "2027-02-21T08:00:00+00:00"}


class Api:
    """Has one token, and answers as the host does."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        transport = httpx.MockTransport(self._answer)
        self.client = httpx.Client(base_url="http://host", transport=transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path, json.loads(request.content or "null")))
        match request.method:
            case "GET":
                return httpx.Response(200, json={"tokens": [CI]})
            case "POST":
                return httpx.Response(201, json=CI | {"token": "rag_shown-once"})
        return httpx.Response(204)


@pytest.fixture
def api() -> Any:
    api = Api()
    with api.client:
        yield api


def test_tokens_are_listed_by_name_scopes_and_end(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    personal_tokens.show_all(api.client)
    assert capsys.readouterr().out == "ci\tingest, query\t2027-02-21\n"


def test_what_is_printed_of_a_new_token_is_the_token_alone(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    personal_tokens.create(api.client, "ci", ["ingest", "query"], days=90)
    wish = {"name": "ci", "scopes": ["ingest", "query"], "expires_in_days": 90}
    assert api.asked == [("POST", "/api/auth/tokens", wish)]
    told = capsys.readouterr()
    assert told.out == "rag_shown-once\n"
    assert "2027-02-21" in told.err


def test_a_token_is_revoked_by_its_name(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    personal_tokens.revoke(api.client, "ci")
    assert api.asked[-1] == ("DELETE", "/api/auth/tokens/i1", None)
    assert capsys.readouterr().out == "ci is revoked\n"


def test_a_name_that_no_token_has_is_told(api: Api) -> None:
    with pytest.raises(CommandError, match="no token nightly; `rag tokens list`"):
        personal_tokens.revoke(api.client, "nightly")
    assert [method for method, _, _ in api.asked] == ["GET"]
