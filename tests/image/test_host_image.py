"""The image that clusters run, as they run it: over the Azure profile, of another user than root, on a root
that is read-only, without capabilities and with a bound to its memory.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.image.container import Container
from tests.image.engine import Engine
from tests.stand_ins.tls import trusted
from tests.story.azure_profile import AzureProfile, azure_profile
from tests.worker.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SAMPLES = Path(__file__).parents[2] / "samples"
QUESTION = "How many days of annual leave do I have?"

STATE = """
import json, os, sys
def status(process):
    try:
        lines = open(f"/proc/{process}/status").read().splitlines()
    except OSError:  # it has ended
        return {"State": ["gone"]}
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
def refusal(path):
    try:
        open(path, "w").close()
    except OSError as error:
        return error.strerror
print(json.dumps({
    "first": status(1),
    "zombies": [each for each in os.listdir("/proc") if each.isdigit() and status(each)["State"][0] == "Z"],
    "refusals": {folder: refusal(f"{folder}/x") for folder in sys.argv[1:]},
    "memory": open("/sys/fs/cgroup/memory.max").read() if os.path.exists("/sys/fs/cgroup/memory.max") else
              open("/sys/fs/cgroup/memory/memory.limit_in_bytes").read(),
}))
"""
FOLDERS = ("/", "/app", "/data", "/home", "/opt/venv", "/tmp", "/var/tmp")
# As the kernel might where memory is short: the server, while one of the parsers that it forked is at work.
KILL_SERVER = """
import os, signal, time
def servers():
    found = {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if "shared.ingest.parse.server" in open(f"/proc/{process}/cmdline").read():
                found[process] = open(f"/proc/{process}/stat").read().rpartition(")")[2].split()[1]
        except OSError:
            pass  # it has ended
    return found
until = time.monotonic() + 60
busy = []
while not busy:
    assert time.monotonic() < until, "no parser is at work"
    found = servers()
    busy = [parent for parent in found.values() if parent in found]
os.kill(int(busy[0]), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def azure(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureProfile]:
    with azure_profile(tmp_path_factory.mktemp("azure")) as profile:
        yield profile


@pytest.fixture(scope="module")
def host(
    engine: Engine, host_image: str, azure: AzureProfile, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    authorities = str(trusted() / "ca.pem")
    trusting = {"SSL_CERT_FILE": authorities, "REQUESTS_CA_BUNDLE": authorities}
    folder = tmp_path_factory.mktemp("container")
    with Container(
        engine, host_image, folder, environment=azure.environment | trusting, mounts=(authorities,)
    ) as container:
        yield container


@pytest.fixture(scope="module")
def ada(host: Container) -> Person:
    return Person(host.client, "ada@example.com")


def put(host: Container, person: Person, name: str, content: bytes) -> None:
    """Upload, and wait until it is searchable."""
    person.request("PUT", f"/api/documents/{name}", content=content).raise_for_status()

    def is_indexed() -> bool:
        listed = person.request("GET", "/api/documents", params={"prefix": name}).json()["documents"]
        return [each["status"] for each in listed] == ["indexed"]

    host.wait_until(is_indexed)


def state(host: Container) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.run(STATE, *FOLDERS))
    return found


def test_a_question_is_answered_with_the_page(host: Container, ada: Person) -> None:
    put(host, ada, "shared/handbook.pdf", (SAMPLES / "employee-handbook.pdf").read_bytes())
    answer = ada.ask(QUESTION)
    assert "29 days" in answer["answer"]
    assert answer["degraded"] is None
    assert {each["document"] for each in answer["citations"]} == {"shared/handbook.pdf"}


def test_it_has_no_rights_that_it_does_not_need(host: Container, ada: Person) -> None:
    found = state(host)
    first = found["first"]
    assert first["Uid"] == ["10001"] * 4
    assert (first["CapEff"], first["CapBnd"], first["NoNewPrivs"]) == (["0" * 16], ["0" * 16], ["1"])
    assert int(found["memory"]) == 1 << 30
    writable = {folder for folder, refusal in found["refusals"].items() if refusal is None}
    assert writable == {"/data", "/tmp"}


def test_parsers_that_die_leave_no_zombies(host: Container, ada: Person) -> None:
    page = "<i></i>" * 400_000 + "<p>Much to parse, and little to index.</p>"
    for number in range(8):  # the last still waits when the first look is taken
        ada.request("PUT", f"/api/documents/long{number}.html", content=page.encode()).raise_for_status()
    host.run(KILL_SERVER)
    host.wait_until(lambda: state(host)["zombies"] == [], every=0.5)
    put(host, ada, "short.md", b"# Short\n\nParsed by the next server.")


def test_a_stream_that_is_open_at_the_signal_ends_as_it_should(
    host: Container, ada: Person, azure: AzureProfile
) -> None:
    azure.openai.behave(token_delay=0.2)
    names = []
    for name, _ in ada.ask_for_events(QUESTION):
        if name == "delta" and "delta" not in names:
            host.signal(signal.SIGTERM)
        names.append(name)
    assert names.count("delta") > 1
    assert names[-1] == "done"
    assert host.wait() == 0
