"""Every example of the API's description works: sent in turn to a new host, each is answered as described."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from functions.examples import REQUESTS
from tests.real_host import RealHost

pytestmark = [pytest.mark.slow, pytest.mark.embedder]

REFUSED = {"give_feedback": 404}  # what the state of the story refuses: there is no turn of that id


def test_every_example_can_be_sent(new_host: Callable[..., RealHost]) -> None:
    host = new_host().start()
    described: dict[str, Any] = host.client.get("/api/openapi.json").raise_for_status().json()
    told = {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }
    assert told.keys() == REQUESTS.keys()
    made: dict[str, Any] = {}
    for name in REQUESTS:  # in the order of the story
        method, path, operation = told[name]
        answer = sent(host, method, filled(path, name, made), operation)
        expected = {status for status in operation["responses"] if status < "300"}
        refused = str(REFUSED.get(name, ""))
        assert str(answer.status_code) in ({refused} if refused else expected), (name, answer.text)
        assert str(answer.status_code) in operation["responses"], name
        is_json = answer.content and answer.headers["content-type"] == "application/json"
        made[name] = answer.json() if is_json else None
        if name == "create_token":
            host.client.headers["Authorization"] = f"Bearer {made[name]['access_token']}"


def sent(host: RealHost, method: str, path: str, operation: dict[str, Any]) -> httpx.Response:
    [(media, content)] = operation["requestBody"]["content"].items()
    example = content["example"]
    if media == "application/json":
        return host.client.request(method, path, json=example)
    if media == "application/x-www-form-urlencoded":
        return host.client.request(method, path, data=example)
    if media == "multipart/form-data":
        files = [("files", (f"{n}.txt", each)) for n, each in enumerate(example["files"])]
        return host.client.request(method, path, files=files)
    return host.client.request(method, path, content=example)


def filled(path: str, name: str, made: dict[str, Any]) -> str:
    """With the ids of what the story has made so far."""
    ids = {
        "{path}": "reports" if name == "set_folder" else "reports/pump.txt",
        "{document_id}": lambda: made["upload_document"]["id"],
        "{conversation_id}": lambda: made["query"]["conversation_id"],
        "{organisation_id}": lambda: made["create_organisation"]["id"],
        "{user_id}": lambda: made["create_user"]["id"],
        "{group_id}": lambda: made["create_group"]["id"],
        "{name}": lambda: made["build_index"]["name"],
    }
    for part, value in ids.items():
        if part in path:
            path = path.replace(part, value if isinstance(value, str) else str(value()))
    return path
