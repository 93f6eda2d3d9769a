"""Promises about pods: what they may do, what they need, where they run. Tried by test_promises.py."""

from collections.abc import Iterator

from shared.ingest.parse.limits import MIB, ParseLimits
from tests.infra.k8s.rendered import (
    FUNCTIONS,
    LOCAL,
    Objects,
    Workload,
    of_kind,
    one,
    selects,
    settings_of,
    workloads,
)

_UID = 10001
_UNITS = {"Mi": MIB, "Gi": 1024 * MIB}


def bytes_of(quantity: str) -> int:
    return int(quantity[:-2]) * _UNITS[quantity[-2:]]


def pods_are_restricted(objects: Objects, overlay: str) -> Iterator[str]:
    labels = one(objects, "Namespace", "rag")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        if labels.get(f"pod-security.kubernetes.io/{mode}") != "restricted":
            yield f"the namespace does not {mode} `restricted`"
    for each in workloads(objects):
        of_pod, of_container = each.pod["securityContext"], each.container["securityContext"]
        if of_pod.get("runAsNonRoot") is not True or of_pod.get("seccompProfile") != {
            "type": "RuntimeDefault"
        }:
            yield f"{each.name} may run as root, or without seccomp"
        if {of_pod.get(key) for key in ("runAsUser", "runAsGroup", "fsGroup")} != {_UID}:
            yield f"{each.name} is not the image's user"
        if of_container.get("allowPrivilegeEscalation") is not False:
            yield f"{each.name} may gain privileges"
        if of_container.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{each.name} keeps capabilities"
        if of_container["readOnlyRootFilesystem"] is (overlay == FUNCTIONS):
            yield f"{each.name} may write anywhere"
        if any(each.pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{each.name} shares the node's namespaces"


def pods_write_little_and_where_they_may(objects: Objects, overlay: str) -> Iterator[str]:
    for each in workloads(objects):
        mounted = {
            mount["mountPath"] for mount in each.container["volumeMounts"] if not mount.get("readOnly")
        }
        if mounted != {"/data", "/tmp"}:
            yield f"{each.name} writes to {sorted(mounted)}"
        for volume in each.pod["volumes"]:
            kind = next(key for key in volume if key != "name")
            if kind not in ("emptyDir", "csi", "persistentVolumeClaim"):
                yield f"{each.name} has a volume {kind}"
            if kind == "emptyDir" and "sizeLimit" not in volume["emptyDir"]:
                yield f"{each.name} may fill the node by {volume['name']}"
    kept = [
        volume for each in workloads(objects) for volume in each.pod["volumes"] if "emptyDir" not in volume
    ]
    if overlay == LOCAL and not any("persistentVolumeClaim" in volume for volume in kept):
        yield "the local profile forgets everything with its pod"


def nothing_talks_to_kubernetes(objects: Objects, overlay: str) -> Iterator[str]:
    for each in of_kind(objects, "ServiceAccount"):
        if each.get("automountServiceAccountToken") is not False:
            yield f"{each['metadata']['name']} hands out its token"
    accounts = {each["metadata"]["name"] for each in of_kind(objects, "ServiceAccount")}
    for each in workloads(objects):
        if each.pod.get("automountServiceAccountToken") is not False:
            yield f"{each.name} mounts a token"
        if each.pod.get("serviceAccountName") not in accounts:
            yield f"{each.name} runs as {each.pod.get('serviceAccountName')}"
    if of_kind(objects, "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        yield "somebody is given rights in the cluster"


def service_variables_are_no_settings(objects: Objects, overlay: str) -> Iterator[str]:
    """Kubernetes would set RAG_API_SERVICE_HOST and others, and an unknown RAG_ entry stops the start."""
    for each in workloads(objects):
        if each.pod.get("enableServiceLinks") is not False:
            yield f"{each.name} gets the Service's variables"


def resources_are_asked_for_and_bounded(objects: Objects, overlay: str) -> Iterator[str]:
    for each in workloads(objects):
        requests, limits = each.container["resources"]["requests"], each.container["resources"]["limits"]
        if lacking := {"cpu", "memory", "ephemeral-storage"} - set(requests):
            yield f"{each.name} asks for no {sorted(lacking)}"
        if set(limits) != {"memory", "ephemeral-storage"}:
            yield f"{each.name} bounds {sorted(limits)}"
        elif bytes_of(limits["memory"]) < bytes_of(requests["memory"]):
            yield f"{each.name} asks for more than it may have"
        elif not _holds_its_folders(each):
            yield f"{each.name} is evicted before its folders are full"
        if each.name == "rag-ingest" and bytes_of(limits["memory"]) < _parsers_need(objects):
            yield "parsers that take what they may would be killed together with the host"


def _holds_its_folders(each: Workload) -> bool:
    folders = [volume["emptyDir"]["sizeLimit"] for volume in each.pod["volumes"] if "emptyDir" in volume]
    limit: str = each.container["resources"]["limits"]["ephemeral-storage"]
    return sum(map(bytes_of, folders)) <= bytes_of(limit)


def _parsers_need(objects: Objects) -> int:
    return int(settings_of(objects)["RAG_PARSER_WORKERS"]) * ParseLimits().memory_bytes + 256 * MIB


def pods_spread_and_questions_come_first(objects: Objects, overlay: str) -> Iterator[str]:
    ranks = {each["metadata"]["name"]: each for each in of_kind(objects, "PriorityClass")}
    for each in workloads(objects):
        if each.pod.get("priorityClassName") not in ranks:
            yield f"{each.name} has no priority"
        if each.kind != "Deployment":
            continue
        spread = each.pod.get("topologySpreadConstraints", [])
        over = {
            constraint["topologyKey"]
            for constraint in spread
            if selects(constraint["labelSelector"], each.labels)
        }
        if over != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
            yield f"{each.name} spreads over {sorted(over)}"
    if "rag-ingest" in ranks and ranks["rag-ingest"]["value"] >= ranks["rag-api"]["value"]:
        yield "ingestion comes before questions"
    if "rag-ingest" in ranks and ranks["rag-ingest"].get("preemptionPolicy") != "Never":
        yield "ingestion drives others out"


PROMISES = (
    pods_are_restricted,
    pods_write_little_and_where_they_may,
    nothing_talks_to_kubernetes,
    service_variables_are_no_settings,
    resources_are_asked_for_and_bounded,
    pods_spread_and_questions_come_first,
)
