"""Somebody who uses the API: registers, signs in, uploads, asks."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx

from tests.planted import planted

PASSWORD = planted("password")


class Person:
    """`client` carries their token; `id` is the user's."""

    def __init__(self, client: httpx.Client, email: str) -> None:
        account = {"email": email, "password": PASSWORD}
        self.id = str(succeeded(client.post("/api/auth/register", json=account), 201)["user_id"])
        form = {"grant_type": "password", "username": email, "password": PASSWORD}
        token = succeeded(client.post("/api/auth/token", data=form), 200)["access_token"]
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._client.request(method, path, headers=self._headers, **options)

    def upload(self, name: str, content: str) -> dict[str, Any]:
        response = self.request("PUT", f"/api/documents/{quote(name)}", content=content.encode())
        return succeeded(response, 202)

    def status(self, document_id: str) -> str:
        return str(succeeded(self.request("GET", f"/api/documents/{document_id}"), 200)["status"])

    def ask(self, question: str) -> dict[str, Any]:
        return succeeded(self.request("POST", "/api/query", json={"question": question}), 200)

    def ask_for_events(self, question: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(event, data), each as soon as it is here. Closing the iterator leaves the stream."""
        headers = {**self._headers, "Accept": "text/event-stream"}
        with self._client.stream(
            "POST", "/api/query", headers=headers, json={"question": question}
        ) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            event = ""
            for line in response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    event = value
                elif field == "data":
                    yield event, json.loads(value)


def succeeded(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    content: dict[str, Any] = response.json()
    return content
