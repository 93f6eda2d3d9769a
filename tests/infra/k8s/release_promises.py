"""Promises about releases and evictions: nobody loses an answer by one. Tried by test_promises.py."""

from collections.abc import Iterator

from functions.operations import _PATIENCE
from shared.settings import Settings
from tests.infra.k8s.rendered import (
    FUNCTIONS,
    LOCAL,
    Object,
    Objects,
    Workload,
    of_kind,
    one,
    selects,
    settings_of,
    workloads,
)

_LONGEST_STREAM = Settings.model_fields["answer_timeout_seconds"].default


def deployments(objects: Objects) -> list[Workload]:
    return [each for each in workloads(objects) if each.kind == "Deployment"]


def releases_take_nothing_away(objects: Objects, overlay: str) -> Iterator[str]:
    for each in deployments(objects):
        strategy = each.spec["strategy"]
        if strategy["type"] != "RollingUpdate" or strategy["rollingUpdate"]["maxUnavailable"] != 0:
            yield f"{each.name} has fewer pods during a release"
        if strategy.get("rollingUpdate", {}).get("maxSurge") in (0, "0%", None):
            yield f"{each.name} cannot be released"
        if each.spec.get("minReadySeconds", 0) < 5:
            yield f"{each.name} is done with a release whose pods fail at once"
        if not 2 <= each.spec.get("revisionHistoryLimit", 10) <= 10:
            yield f"{each.name} keeps {each.spec['revisionHistoryLimit']} releases to go back to"


def streams_end_before_their_pod_does(objects: Objects, overlay: str) -> Iterator[str]:
    entries = settings_of(objects)
    drain, grace = int(entries["RAG_DRAIN_SECONDS"]), int(entries["RAG_GRACE_SECONDS"])
    for each in deployments(objects):
        pause = each.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        whole = each.pod["terminationGracePeriodSeconds"]
        if overlay == FUNCTIONS:
            if not _LONGEST_STREAM < pause <= whole - 20:
                yield f"{each.name} waits {pause} s for streams"
            continue
        if grace <= _LONGEST_STREAM:
            yield f"open streams get {grace} s"
        if pause + drain + grace + 10 > whole:
            yield f"{each.name} is killed in the midst of its grace"
        if each.name == "rag-api" and (not pause or drain < 5):
            yield f"{each.name} stops listening while it is still routed to"


def probes_tell_what_they_are_asked(objects: Objects, overlay: str) -> Iterator[str]:
    for each in deployments(objects):
        probes = {
            kind: each.container.get(f"{kind}Probe", {}) for kind in ("startup", "liveness", "readiness")
        }
        paths = {kind: probe.get("httpGet", {}).get("path") for kind, probe in probes.items()}
        live, ready = "/api/health/live", "/api/health/ready"
        if paths != {"startup": live, "liveness": live, "readiness": ready}:
            yield f"{each.name} is asked at {paths}"
            continue
        if any(probe["httpGet"]["port"] != "http" for probe in probes.values()):
            yield f"{each.name} is asked at another port"
        if _patience(probes["startup"]) < 60:
            yield f"{each.name} has {_patience(probes['startup'])} s to start"
        if _patience(probes["liveness"]) < 30 or probes["liveness"]["timeoutSeconds"] < 3:
            yield f"{each.name} is restarted when it is merely slow"
        if probes["readiness"]["timeoutSeconds"] <= 2 * _PATIENCE:
            yield f"{each.name} is taken for dead while it waits for a slow service"


def _patience(probe: Object) -> int:
    seconds: int = probe["periodSeconds"] * probe["failureThreshold"]
    return seconds


def nodes_can_be_drained_pod_by_pod(objects: Objects, overlay: str) -> Iterator[str]:
    budgets = of_kind(objects, "PodDisruptionBudget")
    for each in deployments(objects):
        own = [budget["spec"] for budget in budgets if selects(budget["spec"]["selector"], each.labels)]
        if len(own) != 1:
            yield f"{each.name} has {len(own)} disruption budgets"
        elif "minAvailable" in own[0] or own[0].get("maxUnavailable") in (0, "0%", None):
            yield f"{each.name} keeps a node from being drained, or has no say"
        elif own[0].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"a pod of {each.name} that never gets ready keeps its node"


def one_pass_of_reconcile_at_a_time(objects: Objects, overlay: str) -> Iterator[str]:
    if overlay in (LOCAL, FUNCTIONS):  # there the host's own timer fires
        if of_kind(objects, "CronJob"):
            yield "reconcile runs beside the timer"
        return
    spec = one(objects, "CronJob", "rag-reconcile")["spec"]
    job = spec["jobTemplate"]["spec"]
    if (spec["schedule"], spec["concurrencyPolicy"]) != ("*/5 * * * *", "Forbid"):
        yield f"reconcile runs {spec['schedule']}, {spec['concurrencyPolicy']}"
    if not 0 < job.get("activeDeadlineSeconds", 0) < 300:
        yield "a pass that hangs holds up the next"
    if job.get("backoffLimit") != 0 or job["template"]["spec"]["restartPolicy"] != "Never":
        yield "a pass that fails is tried over and over"
    if "ttlSecondsAfterFinished" not in job or "startingDeadlineSeconds" not in spec:
        yield "what is over stays, or what is missed is made up for"


PROMISES = (
    releases_take_nothing_away,
    streams_end_before_their_pod_does,
    probes_tell_what_they_are_asked,
    nodes_can_be_drained_pod_by_pod,
    one_pass_of_reconcile_at_a_time,
)
