"""A personal access token as the key of unmodified OpenAI clients, against a running host."""

import openai
import pytest

from tests.real_host import RealHost
from tests.stand_ins.openai_server import MODEL, OpenAIServer

pytestmark = [pytest.mark.slow, pytest.mark.embedder]


def client_with(host: RealHost, name: str, scope: str) -> openai.OpenAI:
    """A client whose key is a new token of this scope."""
    wish = {"name": name, "scopes": [scope], "expires_in_days": 1}
    made = host.client.post("/api/auth/tokens", json=wish)
    assert made.status_code == 201, made.text
    address = f"http://127.0.0.1:{host.port}/api/v1"
    return openai.OpenAI(base_url=address, api_key=made.json()["token"], max_retries=0)


def ask(client: openai.OpenAI) -> str:
    answer = client.chat.completions.create(
        model="rag", messages=[{"role": "user", "content": "For how long are returns free?"}]
    )
    return str(answer.choices[0].message.content)


def test_a_client_asks_with_a_token_for_questions(host: RealHost, model: OpenAIServer) -> None:
    with client_with(host, "asks", "query") as client:
        assert "thirty days" in ask(client)
        assert [each.id for each in client.models.list()] == [MODEL, "extractive"]


def test_a_token_for_uploads_asks_nothing(host: RealHost, model: OpenAIServer) -> None:
    with (
        client_with(host, "uploads", "ingest") as client,
        pytest.raises(openai.PermissionDeniedError, match="scope query") as refused,
    ):
        ask(client)
    assert refused.value.code == "access-denied"


def test_a_revoked_token_asks_no_more(host: RealHost, model: OpenAIServer) -> None:
    with client_with(host, "is revoked", "query") as client:
        ask(client)
        tokens = host.client.get("/api/auth/tokens").json()["tokens"]
        (token_id,) = [token["id"] for token in tokens if token["name"] == "is revoked"]
        assert host.client.delete(f"/api/auth/tokens/{token_id}").status_code == 204
        with pytest.raises(openai.AuthenticationError):
            ask(client)
