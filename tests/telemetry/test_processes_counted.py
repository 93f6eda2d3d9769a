"""The metrics of two hosts on one data folder: what each counts adds up, what they look up is the same."""

from prometheus_client.parser import text_string_to_metric_families

from tests.real_host import RealHost
from tests.telemetry.conftest import NewHost

Metrics = dict[str, float]
ALIKE = ("rag_documents{", "rag_documents_parked", "rag_queue_messages", "rag_index_", "rag_ingest_backlog")


def test_counts_add_up_and_what_the_stores_tell_is_the_same(new_host: NewHost) -> None:
    off = {"RAG_TRACES": "off"}
    # Two that watch the folder would each announce a file, and both ingest it.
    hosts = [new_host(environment=off, arguments=only).start() for only in ((), ("--only", "http"))]
    for number, host in enumerate(hosts):
        host.sign_in()
        host.put(f"shared/{number}.md", f"# Pump {number}\nPump {number} runs for {number + 8} hours.\n")
    for number, host in enumerate(hosts):
        host.wait_for_status(f"shared/{number}.md", "indexed")
        for turn in range(number + 2):
            question = {"question": f"How long does pump {number} run, asked for the {turn}. time?"}
            host.client.post("/api/query", json=question).raise_for_status()
    told = settled(hosts)
    assert total(told, 'rag_http_requests_total{method="POST",route="/api/query",status="2xx"}') == 5
    assert total(told, "rag_query_first_token_seconds_count") == 5
    assert sum(total(told, f'rag_answer_outcomes_total{{outcome="{each}"}}') for each in OUTCOMES) == 5
    assert total(told, 'rag_ingestions_total{outcome="indexed"}') == 2
    assert total(told, 'rag_triggers_total{function="ingest_event",outcome="done"}') >= 2
    one, other = ({key: value for key, value in each.items() if key.startswith(ALIKE)} for each in told)
    assert one == other
    assert one['rag_documents{status="indexed"}'] == 2
    assert one['rag_index_documents{state="live"}'] == 2
    parsers = [each['rag_worker_memory_bytes{worker="parser"}'] for each in told]
    assert (parsers[0] > 1_000_000, parsers[1]) == (True, 0)


OUTCOMES = ("cited", "unknown", "uncited")


def settled(hosts: list[RealHost]) -> list[Metrics]:
    """What both tell once nothing is under way."""
    told: list[Metrics] = []

    def is_calm() -> bool:
        told[:] = [scraped(host) for host in hosts]
        waiting = [each['rag_queue_messages{queue="ingest-events"}'] for each in told]
        return waiting == [0, 0] and all(each['rag_documents{status="indexed"}'] == 2 for each in told)

    hosts[0].wait_until(is_calm)
    return told


def scraped(host: RealHost) -> Metrics:
    text = host.client.get("/api/metrics").raise_for_status().text
    return {
        sample.name + (f"{{{labels}}}" if (labels := joined(sample.labels)) else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def joined(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))


def total(told: list[Metrics], key: str) -> float:
    return sum(each.get(key, 0) for each in told)
