"""Every host is replaced, twice, while people ask, upload and sign in, and settings, signing key and live
index change: nobody notices. With `-s` it prints the counts; TEST_ROLLS=20 plays it longer.
"""

import signal
from collections.abc import Iterator

import jwt
import pytest

from tests.release.conftest import ROLLS
from tests.release.fleet import wait_until
from tests.release.load import ANCHOR, SPOKEN, Counts
from tests.release.scene import LONGEST_AFTER, Scene

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300 + 150 * ROLLS)]


def test_no_request_fails(scene: Scene) -> None:
    assert (scene.load.counts.failed, scene.balancer.mishaps) == ([], [])
    assert scene.load.counts.requests > 100


def test_every_stream_is_told_to_its_end(scene: Scene) -> None:
    assert scene.load.counts.broken == []
    assert scene.load.counts.streams > 10


def test_every_host_ends_by_itself(scene: Scene) -> None:
    assert scene.fleet.exit_codes == [0] * ROLLS * len(scene.fleet.members)


def test_what_is_indexed_is_found_all_the_time(scene: Scene) -> None:
    assert scene.load.counts.unfound == []


def test_every_document_is_indexed_once_as_it_was_last(scene: Scene) -> None:
    wrong, findings = scene.settled()
    assert wrong == []
    assert (findings.announced, findings.vanished, findings.orphans, findings.filled) == (0, 0, 0, 0)
    assert scene.load.counts.uploads > 10
    assert scene.load.counts.deletions > 0


def test_sessions_go_on_by_tokens_of_both_keys(scene: Scene) -> None:
    assert scene.ask("GET", "/api/auth/me")["email"] == "ada@example.com"  # by the first token of all
    keys = {key["kid"] for key in scene.ask("GET", "/.well-known/jwks.json")["keys"]}
    signed = {
        jwt.get_unverified_header(scene.load.tokens[name]["access_token"])["kid"] for name in ("ada", "guest")
    }
    assert len(signed) == 2
    assert signed == keys


def test_every_request_counts_once_towards_the_limit(scene: Scene) -> None:
    """A host that its cache keeps waiting, as on busy machines, counts by itself for a moment and says so."""
    wrong = scene.load.counts.miscounted
    assert len(wrong) <= 6 * scene.fleet.said("cache_unreachable"), wrong


def test_every_answer_is_accounted_for_once(scene: Scene) -> None:
    wanted = {name: (count, count * len(SPOKEN.split())) for name, count in scene.load.answered.items()}

    def told() -> dict[str, tuple[int, int]]:
        users = scene.ask("GET", "/api/usage?all=true")["users"]
        found = {user["email"].partition("@")[0]: user for user in users}
        return {name: (found[name]["questions"], found[name]["completion_tokens"]) for name in wanted}

    # A host writes its accounts once a second: what is late comes, what was counted twice is there already.
    wait_until(lambda: all(told()[name] >= each for name, each in wanted.items()))
    assert told() == wanted


def test_the_last_settings_and_the_new_index_are_in_force(scene: Scene) -> None:
    assert {scene.longest_question() for _ in scene.fleet.members} == {LONGEST_AFTER}
    states = {each["name"]: each["state"] for each in scene.ask("GET", "/api/indexes")["indexes"]}
    assert states[scene.index] == "live"


# That all of this can be seen to go wrong: on the same hosts, after everything else.


@pytest.fixture
def watched(scene: Scene) -> Iterator[Counts]:
    """What is counted while the test does harm."""
    scene.load.counts = Counts()
    scene.balancer.mishaps.clear()
    with scene.traffic.during(scene.load.running()):
        yield scene.load.counts


def test_a_host_that_closes_its_door_at_once_would_be_noticed(scene: Scene, watched: Counts) -> None:
    scene.fleet.environment["RAG_DRAIN_SECONDS"] = "0"
    hasty = scene.fleet.start(scene.fleet.parts[0])
    scene.balancer.is_asking = False  # or it may notice before a request comes
    hasty.host.signal(signal.SIGTERM)
    wait_until(lambda: bool(watched.failed))
    scene.balancer.is_asking = True
    assert scene.balancer.mishaps
    assert hasty.host.wait() == 0


def test_a_killed_host_would_be_noticed(scene: Scene, watched: Counts) -> None:
    killed = scene.fleet.members[0]
    wait_until(lambda: killed.backend is not None and killed.backend.in_flight > 1)
    killed.host.kill()
    wait_until(lambda: bool(watched.broken))
    scene.fleet.forget(killed)


def test_a_request_that_is_counted_twice_would_be_noticed(scene: Scene, watched: Counts) -> None:
    def noticed() -> bool:
        # Again and again: the last one of a minute changes nothing that is counted in the next.
        scene.traffic.run(scene.load.call("POST", "/api/search", user="meter", json={"question": "pump"}))
        return bool(watched.miscounted)

    wait_until(noticed)


def test_a_document_that_is_lost_would_be_noticed(scene: Scene, watched: Counts) -> None:
    (anchor,) = scene.ask("GET", "/api/documents", params={"prefix": ANCHOR})["documents"]
    assert scene.traffic.run(scene.load.call("DELETE", f"/api/documents/{anchor['id']}")).is_success
    wait_until(lambda: bool(watched.unfound))
    wrong, _ = scene.settled()
    assert any(ANCHOR in each for each in wrong)
