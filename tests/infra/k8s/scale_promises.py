"""Promises about what scales on what. Tried by test_promises.py."""

import re
from collections.abc import Iterator

from bench.scale.fleet import Quotas, Worker
from bench.simulate_scale import safe_replicas
from shared.ingest.events import INGEST_QUEUE
from shared.ingest.versions import FILL_QUEUE
from shared.telemetry.metrics import Metrics
from tests.infra.k8s.rendered import LOCAL, PLAIN, PRODUCTION, Object, Objects, of_kind, one, settings_of


def questions_scale_on_answers_in_flight_and_processors(objects: Objects, overlay: str) -> Iterator[str]:
    if overlay in (LOCAL, PLAIN):
        return
    spec = one(objects, "ScaledObject", "rag-api")["spec"]
    triggers = {trigger["type"]: trigger for trigger in spec["triggers"]}
    if [trigger["type"] for trigger in spec["triggers"]] != ["prometheus", "cpu"]:
        yield f"questions scale on {list(triggers)}"
        return
    asked = triggers["prometheus"]
    if asked["metadata"]["query"] != 'sum(rag_answers_in_flight{namespace="rag"})':
        yield f"the query is {asked['metadata']['query']}"
    for metric in re.findall(r"\brag_\w+", asked["metadata"]["query"]):
        if f"\n{metric} " not in Metrics().text().decode():
            yield f"there is no metric {metric}"
    if asked["metricType"] != "AverageValue" or asked["metadata"].get("ignoreNullValues") != "false":
        yield "a Prometheus that has lost everything passes for one that is idle"
    if triggers["cpu"]["metricType"] != "Utilization":
        yield "processors count by something else than their requests"
    fallback = spec.get("fallback", {})
    if fallback.get("behavior") != "currentReplicasIfHigher" or fallback["replicas"] < 2:
        yield "without Prometheus there are fewer pods"
    least = 2 if overlay == PRODUCTION else 1
    if not least <= spec["minReplicaCount"] <= fallback.get("replicas", 0) <= spec["maxReplicaCount"]:
        yield f"{spec['minReplicaCount']} to {spec['maxReplicaCount']} replicas"
    yield from _calms_down("rag-api", spec["advanced"]["horizontalPodAutoscalerConfig"])


def ingestion_scales_on_its_queues_and_to_zero(objects: Objects, overlay: str) -> Iterator[str]:
    if overlay in (LOCAL, PLAIN):
        return
    spec = one(objects, "ScaledObject", "rag-ingest")["spec"]
    if spec["minReplicaCount"] != 0 or spec.get("cooldownPeriod", 0) < 120:
        yield f"idle: {spec['minReplicaCount']} replicas after {spec.get('cooldownPeriod')} s"
    if {trigger["type"] for trigger in spec["triggers"]} != {"azure-queue"}:
        yield "ingestion scales on something that never is nothing"
    if [trigger["metadata"].get("queueName") for trigger in spec["triggers"]] != [INGEST_QUEUE, FILL_QUEUE]:
        yield "queues that are worked off are not looked at"
    account = settings_of(objects)["AzureWebJobsStorage__accountName"]
    for trigger in spec["triggers"]:
        asked = trigger["metadata"]
        if asked.get("accountName") != account:
            yield f"{asked.get('accountName')} is another account than the pods use"
        if asked.get("activationQueueLength", "0") != "0":
            yield "the first document waits for a second one"
        if asked.get("queueLengthStrategy", "all") != "all":
            yield "pods are taken away from the messages that they work on"
    yield from _calms_down("rag-ingest", spec["advanced"]["horizontalPodAutoscalerConfig"])


def no_more_ingest_than_the_quota_keeps_busy(objects: Objects, overlay: str) -> Iterator[str]:
    """More share the same tokens a minute: each document takes longer, in the end longer than it may."""
    if overlay in (LOCAL, PLAIN):
        return
    told = int(settings_of(objects)["AZURE_OPENAI_EMBEDDING_TPM"])
    if not told:
        yield "workers do not know the quota, and are refused"
        return
    most = one(objects, "ScaledObject", "rag-ingest")["spec"]["maxReplicaCount"]
    busy = safe_replicas(Worker(), Quotas(embedding_tokens=told / 60))
    if most > busy:
        yield f"{most} replicas share a quota that {busy} use up"


def _calms_down(name: str, autoscaler: Object) -> Iterator[str]:
    down = autoscaler.get("behavior", {}).get("scaleDown", {})
    if down.get("stabilizationWindowSeconds", 0) < 120 or not down.get("policies"):
        yield f"{name} is scaled down at the first calm"


def scalers_ask_as_an_identity(objects: Objects, overlay: str) -> Iterator[str]:
    for each in of_kind(objects, "TriggerAuthentication"):
        identity = each["spec"].get("podIdentity", {})
        if identity.get("provider") != "azure-workload" or not identity.get("identityId"):
            yield f"{each['metadata']['name']} is {identity}"
        if set(each["spec"]) != {"podIdentity"}:
            yield f"{each['metadata']['name']} has keys"
    known = {each["metadata"]["name"] for each in of_kind(objects, "TriggerAuthentication")}
    for each in of_kind(objects, "ScaledObject"):
        for trigger in each["spec"]["triggers"]:
            if trigger["type"] != "cpu" and trigger.get("authenticationRef", {}).get("name") not in known:
                yield f"{trigger['type']} of {each['metadata']['name']} asks as nobody"


def one_scaler_owns_the_replicas(objects: Objects, overlay: str) -> Iterator[str]:
    scaled = [
        each["spec"]["scaleTargetRef"]["name"]
        for each in of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler")
    ]
    deployed = [each["metadata"]["name"] for each in of_kind(objects, "Deployment")]
    if sorted(scaled) != ([] if overlay == LOCAL else sorted(deployed)):
        yield f"scaled: {scaled}"
    for each in of_kind(objects, "Deployment"):
        if "replicas" in each["spec"]:
            yield f"each release sets the replicas of {each['metadata']['name']} back"
    for each in of_kind(objects, "HorizontalPodAutoscaler"):
        name, spec = each["metadata"]["name"], each["spec"]
        if spec["minReplicas"] < (2 if name == "rag-api" else 1):
            yield f"{name} has {spec['minReplicas']} replicas at the least"
        yield from _calms_down(name, spec)


PROMISES = (
    questions_scale_on_answers_in_flight_and_processors,
    ingestion_scales_on_its_queues_and_to_zero,
    no_more_ingest_than_the_quota_keeps_busy,
    scalers_ask_as_an_identity,
    one_scaler_owns_the_replicas,
)
