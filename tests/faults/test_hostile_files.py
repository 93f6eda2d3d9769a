"""Files that mean harm, given to the product as it runs: each costs itself and nothing else, once."""

import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.real_host import RealHost
from tests.stand_ins.hostile_files import HOSTILE, SAMPLES

pytestmark = [pytest.mark.slow, pytest.mark.embedder, pytest.mark.timeout(300)]

REJECTED = (
    "flat.docx", "lying.xlsx", "nested-bomb.zip", "laughs.odt", "picture.png", "stream_bomb.pdf",
    "million_pages.pdf", "deep.json", "program.pdf", "page.docx",
    "locked.pdf", "3-sevenths-warranty-terms.docx", "nulls.txt", "random.pdf",
)  # fmt: skip
GOOD = ("warranty-terms.docx", "price-list-2026.pdf", "faq.html")
QUESTION = "How long is the warranty?"
CASES = {case.name: case for case in HOSTILE}


@pytest.fixture
def host(new_host: Callable[..., RealHost]) -> RealHost:
    running = new_host(environment={"RAG_PARSER_WORKERS": "2"}).start()
    running.sign_in()
    return running


def events(host: RealHost, name: str) -> list[dict[str, str]]:
    lines = (json.loads(line) for line in host.text().splitlines() if line.startswith("{"))
    return [line for line in lines if line["event"] == name]


def ingestions(host: RealHost, outcome: str) -> float:
    metrics = host.client.get("/api/metrics").raise_for_status().text
    found = re.search(rf'^rag_ingestions_total{{outcome="{outcome}"}} (\S+)$', metrics, re.M)
    return float(found[1]) if found else 0.0


def median_search(host: RealHost) -> float:
    """Seconds."""
    took = []
    for _ in range(60):
        began = time.perf_counter()
        host.search(QUESTION, top_k=5)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def test_each_hostile_file_fails_with_its_reason_after_one_attempt(host: RealHost) -> None:
    for name in (*REJECTED, *GOOD):
        content = CASES[name].make() if name in CASES else (SAMPLES / name).read_bytes()
        host.put(f"shared/{name}", content)
    for name in GOOD:
        host.wait_for_status(f"shared/{name}", "indexed")
    endings = {name: host.wait_for_status(f"shared/{name}", "failed", "indexed") for name in REJECTED}
    reasons = {name: document["reason"] or "" for name, document in endings.items()}
    assert {name: why for name, why in reasons.items() if not re.search(CASES[name].ends, why)} == {}

    assert events(host, "function_failed") == []
    attempts = Counter(line["document_id"] for line in events(host, "document_rejected"))
    assert attempts == {document["id"]: 1 for document in endings.values()}
    assert ingestions(host, "rejected") == len(REJECTED)
    assert ingestions(host, "error") == 0
    assert host.search(QUESTION)[0]["document"] == "shared/warranty-terms.docx"


def test_while_the_worst_file_is_parsed_queries_keep_their_speed_and_others_are_indexed(
    host: RealHost,
) -> None:
    host.drop("shared/warranty-terms.docx", (SAMPLES / "warranty-terms.docx").read_bytes())
    host.wait_for_status("shared/warranty-terms.docx", "indexed")
    median_search(host)  # warm
    alone = median_search(host)

    worst = "shared/endless_work.pdf"
    host.drop(worst, CASES["endless_work.pdf"].make())
    host.wait_for_status(worst, "parsing")
    beside = median_search(host)
    host.drop("shared/faq.html", (SAMPLES / "faq.html").read_bytes())
    host.wait_for_status("shared/faq.html", "indexed")
    assert host.status(worst) == "parsing"
    assert beside < 3 * alone, f"{beside * 1000:.1f} ms beside the file, {alone * 1000:.1f} ms alone"
    assert "took longer" in host.wait_for_status(worst, "failed")["reason"]
    assert ingestions(host, "rejected") == 1
