"""What a person does is one trace, over every process that has to do with it, and tells nothing of theirs."""

import json

from tests.planted import planted
from tests.real_host import RealHost
from tests.servers import azurite
from tests.stand_ins.event_grid import EventGrid
from tests.stand_ins.otlp_receiver import Receiver, Span
from tests.telemetry.conftest import NewHost
from tests.telemetry.trees import paths, trace_with

UPLOAD, ASK, WORK = "PUT /api/documents/{path:path}", "POST /api/query", "process ingest-events"
INGESTION = [f"{WORK} > ingest.{stage}" for stage in ("parse", "chunk", "embed", "index", "show", "publish")]
THROUGH_THE_QUEUE = [
    f"{UPLOAD} > ingest_blob",
    "ingest_blob > send ingest-events",
    f"send ingest-events > {WORK}",
]
ANSWER = [
    *(f"{ASK} > query.{stage}" for stage in ("conversation", "rewrite", "retrieve", "prompt", "answer")),
    *(f"query.retrieve > query.{stage}" for stage in ("search", "authorise")),
    "query.retrieve > embeddings all-MiniLM-L6-v2-int8",
    f"{ASK} > chat extractive",
]
THEIRS = {
    "text": planted("the pump runs for nine hours"),
    "name": "pl4nted-s3cret-name",
    "question": planted("how long does the pump run"),
    "email": "pl4nted-s3cret@example.com",
    "tag": "pl4nted-s3cret-tag",
}


def use(host: RealHost, receiver: Receiver) -> None:
    """Sign in, upload, wait, ask; until both traces have come."""
    host.sign_in(THEIRS["email"])
    path = f"{THEIRS['name']}/{THEIRS['name']}.md"
    document_id = host.put(path, f"# Pump\n{THEIRS['text']}.\n")
    host.wait_for_status(path, "indexed")
    host.client.patch(f"/api/documents/{document_id}", json={"tags": [THEIRS["tag"]]}).raise_for_status()
    asked = {"question": THEIRS["question"], "filters": {"tags": [THEIRS["tag"]]}}
    answer = host.client.post("/api/query", json=asked).raise_for_status().json()
    assert answer["citations"]
    receiver.wait_until(lambda: bool(receiver.named(WORK) and receiver.named(ASK)))


def test_an_upload_and_a_question_are_a_trace_each_and_tell_nothing_of_whose_they_are(
    new_host: NewHost, receiver: Receiver
) -> None:
    host = new_host().start()
    use(host, receiver)
    upload = paths(trace_with(receiver.spans, UPLOAD))
    assert {*THROUGH_THE_QUEUE, *INGESTION} <= set(upload)
    answer = trace_with(receiver.spans, ASK)
    assert set(ANSWER) <= set(paths(answer))
    assert not {each.trace_id for each in answer} & {
        each.trace_id for each in receiver.spans if each.name == UPLOAD
    }
    sent = b"".join(receiver.bodies)
    for what, theirs in THEIRS.items():
        assert theirs.encode() not in sent, what
    assert b"pl4nted" not in sent
    assert b"rag.request_id" in sent, "else the search above would find nothing whatever was sent"


def test_spans_say_what_a_dashboard_asks_for(new_host: NewHost, receiver: Receiver) -> None:
    host = new_host(environment={"OTEL_SERVICE_NAME": "rag-test"}).start()
    use(host, receiver)
    host.client.get("/api/documents/none")
    receiver.wait_until(lambda: bool(receiver.named("GET /api/documents/{document_id}")))
    (ask,), (work,) = receiver.named(ASK), receiver.named(WORK)
    assert (ask.kind, work.kind, ask.service) == ("SERVER", "CONSUMER", "rag-test")
    assert ask.attributes["http.response.status_code"] == 200
    assert ask.attributes["rag.outcome"] == "cited"
    assert work.attributes["rag.attempt"] == 1
    (model,) = receiver.named("chat extractive")
    assert model.attributes["gen_ai.operation.name"] == "chat"
    assert model.attributes["gen_ai.usage.output_tokens"] > 0
    (missing, *_) = receiver.named("GET /api/documents/{document_id}")
    assert (missing.attributes["http.response.status_code"], missing.is_failed) == (404, False)
    assert not [each for each in receiver.spans if "/health/" in each.name], "probes are left out"
    assert_logs_name_spans(host, receiver)


def assert_logs_name_spans(host: RealHost, receiver: Receiver) -> None:
    host.signal()
    assert host.wait() == 0, "which sends what is left"
    lines = [json.loads(line) for line in host.text().splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"] in ("audit", "request") and "/health/" not in str(line)]
    assert {line["event"] for line in told} == {"audit", "request"}
    known = {(each.trace_id, each.span_id): each for each in receiver.spans}
    for line in told:
        span = known[line["trace_id"], line["span_id"]]
        assert span.attributes["rag.request_id"] == line["request_id"]
    indexed = next(line for line in lines if line["event"] == "document_indexed")
    (work,) = receiver.named(WORK)
    assert (indexed["trace_id"], indexed["span_id"]) == (work.trace_id, work.span_id)


def test_a_trace_of_the_callers_own_goes_on_and_its_choice_is_kept(
    new_host: NewHost, receiver: Receiver
) -> None:
    host = new_host(environment={"RAG_TRACES_SHARE": "0"}).start()
    trace_id, parent_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    for flag, path in (("00", "/api/openapi.json"), ("01", "/api/auth/me")):
        host.client.get(path, headers={"traceparent": f"00-{trace_id}-{parent_id}-{flag}"})
    host.client.get("/api/documents", headers={"traceparent": "00-nonsense-01"})
    receiver.wait_until(lambda: bool(receiver.spans))
    (span,) = receiver.spans
    assert (span.name, span.trace_id, span.parent_id) == ("GET /api/auth/me", trace_id, parent_id)


def test_two_processes_share_a_trace_through_the_queue(new_host: NewHost, receiver: Receiver) -> None:
    new_host(arguments=("--only", "triggers")).start()
    use(new_host(arguments=("--only", "http")).start(), receiver)
    assert_joined(receiver, THROUGH_THE_QUEUE)


def assert_joined(receiver: Receiver, wanted: list[str]) -> None:
    trace = trace_with(receiver.spans, UPLOAD)
    assert {*wanted, *INGESTION} <= set(paths(trace))
    assert instance_of(trace, UPLOAD) != instance_of(trace, WORK)


def instance_of(trace: list[Span], name: str) -> str:
    (found,) = {each.instance for each in trace if each.name == name}
    return found


def test_event_grid_carries_no_trace_and_yet_it_is_one(new_host: NewHost, receiver: Receiver) -> None:
    storage = azurite.run()
    environment = {
        "RAG_BLOB_STORE": "azure_blob",
        "RAG_EVENT_QUEUE": "azure_queue",
        "RAG_BLOB_TRIGGER": "false",
        "AzureWebJobsStorage": storage,
    }
    with EventGrid(storage):
        new_host(arguments=("--only", "queues"), environment=environment).start()
        use(new_host(arguments=("--only", "http"), environment=environment).start(), receiver)
    assert_joined(receiver, [f"{UPLOAD} > {WORK}"])
    assert b"pl4nted" not in b"".join(receiver.bodies)
