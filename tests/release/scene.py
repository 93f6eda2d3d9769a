"""What a release is played on: hosts over one backend, a language model that takes its time, people who use
them without a pause, and an administrator.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.auth.keys import create_key
from shared.compose import open_services
from shared.domain import DocumentStatus
from shared.ingest.events import INGEST_QUEUE, POISON_QUEUE
from shared.ingest.reconcile import UNFINISHED, Findings, reconcile
from shared.ingest.versions import FILL_POISON_QUEUE, FILL_QUEUE
from shared.services import Services
from shared.settings import read_settings
from tests.release.balancer import Balancer
from tests.release.fleet import DRAIN, GRACE, Fleet, Traffic, wait_until
from tests.release.load import LIMIT, SPOKEN, Load
from tests.stand_ins.library_state import differences
from tests.stand_ins.openai_server import OpenAIServer
from tests.story.azure_profile import azure_profile

LONGEST_BEFORE, LONGEST_AFTER = 4000, 200  # characters of a question, by the settings of two releases
_KEY = "jwt-signing-key"
_KNOWN_TO_ALL = 700.0  # seconds after which a key signs, and a little more
_WORD = 0.2  # seconds
_SETTINGS = {
    "RAG_DRAIN_SECONDS": str(DRAIN),
    "RAG_GRACE_SECONDS": str(GRACE),
    "RAG_REQUESTS_PER_MINUTE": str(LIMIT),
    "RAG_MAX_QUESTION_CHARS": str(LONGEST_BEFORE),
    "RAG_CHUNK_CHARS": "200",
    "RAG_CHUNK_OVERLAP": "0",
    "RAG_PARSER_WORKERS": "1",
}


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the hosts stand on. `add_key` has the secret store know another signing key; `age_keys` makes all
    of them old enough to sign."""

    environment: Mapping[str, str]
    parts: tuple[str, ...]
    model: OpenAIServer
    add_key: Callable[[], object]
    age_keys: Callable[[], None]


@dataclass(kw_only=True)
class Scene:
    folder: Path
    ground: Ground
    traffic: Traffic
    balancer: Balancer
    load: Load
    fleet: Fleet
    index: str = ""  # the one that was promoted

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """As the administrator; the JSON of the answer."""
        answer = self.traffic.run(self.load.call(method, path, **options))
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def longest_question(self) -> int:
        """How long a question may be, by whichever host answers."""
        question = {"question": "why " * (LONGEST_AFTER // 4 + 10)}
        answer = self.traffic.run(self.load.call("POST", "/api/search", json=question))
        return LONGEST_BEFORE if answer.is_success else LONGEST_AFTER

    def build_index(self) -> None:
        self.index = self.ask("POST", "/api/indexes", json={"chunk_chars": 400})["name"]

    def promote_index(self) -> None:
        """As soon as nothing is missing in it: it is filled while everything else goes on."""

        def is_filled() -> bool:
            listed = self.ask("GET", "/api/indexes")["indexes"]
            return any(each["name"] == self.index and not each["missing"] for each in listed)

        wait_until(is_filled)
        self.ask("POST", f"/api/indexes/{self.index}/promote", params={"force": True})

    def settled(self) -> tuple[list[str], Findings]:
        """What is wrong with the library once all messages are worked off, and what a reconciler finds."""
        return asyncio.run(self._settled())

    async def _settled(self) -> tuple[list[str], Findings]:
        services = await open_services(read_settings(data=self.folder / "data"))
        try:
            until = time.monotonic() + 60
            while left := await _unfinished(services):
                assert time.monotonic() < until, f"{left} are not worked off"
                await asyncio.sleep(0.2)
            wrong = await differences(services, self.load.contents)
            return wrong, await reconcile(services, stuck_after=0.0)
        finally:
            await services.close()


async def _unfinished(services: Services) -> dict[str, int]:
    queues = (INGEST_QUEUE, POISON_QUEUE, FILL_QUEUE, FILL_POISON_QUEUE)
    left = {queue: await services.queue.length(queue) for queue in queues}
    counts = await services.metadata.count_documents()
    left |= {status.value: counts.get(status, 0) for status in (*UNFINISHED, DocumentStatus.FAILED)}
    return {name: count for name, count in left.items() if count}


@contextmanager
def local_ground(folder: Path) -> Iterator[Ground]:
    """Whole hosts on one data folder, as several processes of one machine."""
    secret = folder / "data/secrets" / _KEY

    def add_key() -> None:
        draft = secret.with_name("draft")
        draft.write_text(json.dumps([create_key(), secret.read_text()]))
        draft.rename(secret)

    def age_keys() -> None:
        os.utime(secret, (time.time() - _KNOWN_TO_ALL,) * 2)

    with OpenAIServer() as model:
        environment = {
            "RAG_CHAT_MODEL": "openai",
            "OPENAI_BASE_URL": model.url,
            "OPENAI_CHAT_MODEL": "stand-in",
        }
        yield Ground(
            environment=environment, parts=("", "", ""), model=model, add_key=add_key, age_keys=age_keys
        )


@contextmanager
def azure_ground(folder: Path) -> Iterator[Ground]:
    """HTTP and queues apart, as on Kubernetes; nobody reconciles, so nothing that is lost is found again."""
    with azure_profile(folder) as azure:

        def age_keys() -> None:
            for version in azure.vault.contents.secrets[_KEY]:
                version.created -= int(_KNOWN_TO_ALL)

        yield Ground(
            environment={**azure.environment, "AZURE_OPENAI_EMBEDDING_DIMENSION": "256"},
            parts=("http", "http", "queues"),
            model=azure.openai,
            add_key=lambda: azure.vault.contents.add(_KEY, create_key()),
            age_keys=age_keys,
        )


@contextmanager
def opened(folder: Path, models: Path, ground: Ground) -> Iterator[Scene]:
    """The hosts are up, the accounts made, and people at it."""
    ground.model.behave(answer=SPOKEN, token_delay=_WORD)
    balancer = Balancer()
    with Traffic() as traffic, traffic.during(balancer.running()):
        load = Load(f"http://127.0.0.1:{balancer.port}")
        environment = {**ground.environment, **_SETTINGS}
        with Fleet(
            folder, models=models, parts=ground.parts, environment=environment, balancer=balancer
        ) as fleet:
            traffic.run(load.begin())
            yield Scene(
                folder=folder, ground=ground, traffic=traffic, balancer=balancer, load=load, fleet=fleet
            )
