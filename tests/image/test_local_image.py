"""The local profile as an image: all that it needs is in it, so it answers without any network."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.engine import Engine
from tests.planted import planted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Runs inside: there is no way in from outside. `{password}` is put in.
STORY = """
import json, time, urllib.parse, urllib.request

def call(method, path, body=None, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:8000{path}", body, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"{}")

def until(holds):
    end = time.monotonic() + 120
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found

def ready():
    try:
        return call("GET", "/api/health/ready")
    except OSError:
        return None

until(ready)
account = {"email": "ada@example.com", "password": "{password}"}
call("POST", "/api/auth/register", json.dumps(account).encode(), **{"Content-Type": "application/json"})
form = {"grant_type": "password", "username": account["email"], "password": account["password"]}
token = call("POST", "/api/auth/token", urllib.parse.urlencode(form).encode())["access_token"]
known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
with open("/app/samples/employee-handbook.pdf", "rb") as file:
    call("PUT", "/api/documents/handbook.pdf", file.read(), Authorization=known["Authorization"])
def documents():
    return call("GET", "/api/documents", **known)["documents"]
until(lambda: documents()[0]["status"] == "indexed")
question = {"question": "How many days of annual leave do I have?"}
print(json.dumps(call("POST", "/api/query", json.dumps(question).encode(), **known)))
"""


@pytest.fixture(scope="module")
def container(
    engine: Engine, local_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """By its own command, on a network with nobody else in it."""
    name = f"rag-image-{os.getpid()}-local"
    options = ["--network", "none", "--env", "RAG_EMBEDDER=minilm"]
    log = tmp_path_factory.mktemp("local") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            engine.run_command(local_image, *options, name=name), stdout=output, stderr=output
        )
    try:
        _wait_until_it_answers(process, log)
        yield name, process
    finally:
        engine.remove(name)
        process.wait(60)


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 120
    while b"answers at" not in (said := log.read_bytes()):
        assert process.poll() is None, said.decode()
        assert time.monotonic() < until, said.decode()
        time.sleep(0.1)


def test_it_answers_a_question_with_the_page(engine: Engine, container: tuple[str, object]) -> None:
    name, _ = container
    told = engine.execute(name, "python", "-", script=STORY.replace("{password}", planted("password")))
    answer = json.loads(told)
    assert "29 days" in answer["answer"]
    assert answer["citations"][0]["document"].endswith("handbook.pdf")
    assert f"[{answer['citations'][0]['marker']}]" in answer["answer"]


def test_its_health_check_tells_whether_it_lives(
    engine: Engine, local_image: str, container: tuple[str, object]
) -> None:
    name, _ = container
    check = engine.inspect(local_image)["Healthcheck"]["Test"][1:]
    engine.execute(name, *check)
    with pytest.raises(AssertionError, match="refused"):
        engine.execute(name, *[word.replace("8000", "8001") for word in check])


def test_it_ends_when_it_is_told_to(container: tuple[str, "subprocess.Popen[bytes]"]) -> None:
    _, process = container
    process.terminate()
    assert process.wait(60) == 0
