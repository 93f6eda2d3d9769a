"""Promises about who reaches whom: policies, routes, TLS, selectors. Tried by test_promises.py."""

import functools
from collections.abc import Iterator

import yaml

from functions.api import build_api
from functions.dependencies import Runtime
from shared.compose import start_services
from shared.settings import Settings
from tests.infra.k8s.rendered import (
    LOCAL,
    PLAIN,
    Object,
    Objects,
    of_kind,
    one,
    selects,
    settings_of,
    workloads,
)

# Overlay: policy → the namespaces and pods that may come in, each to the port `http` and no other.
_COMES_IN = {
    LOCAL: {},
    PLAIN: {
        "allow-scrape": "monitoring/prometheus",
        "allow-ingress": "ingress-nginx+app-routing-system+traefik/",
    },
}
_ON_AKS = {"allow-scrape": "kube-system/ama-metrics", "allow-gateway": "rag-gateway/rag"}
_AZURES_PORTS = {443, 10000, 6380, 10260, 10255, 27017}
_LARGEST_BODY = Settings.model_fields["max_file_mb"].default
# What the API serves to nobody outside.
_INTERNAL = {"/api/metrics"}


def nothing_comes_in_but_what_must(objects: Objects, overlay: str) -> Iterator[str]:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "NetworkPolicy")}
    denial = policies.get("default-deny", {})
    if denial.get("podSelector") != {} or set(denial.get("policyTypes", ())) != {"Ingress", "Egress"}:
        yield "what no policy names is let through"
    found = {}
    for name, spec in policies.items():
        for rule in spec.get("ingress", ()):
            if rule.get("ports") != [{"protocol": "TCP", "port": "http"}]:
                yield f"{name} opens {rule.get('ports')}"
            found[name] = "; ".join(_peer(peer) for peer in rule.get("from", [{}]))
    expected = _COMES_IN.get(overlay, _ON_AKS)
    if found != expected:
        yield f"comes in: {found}, and should: {expected}"


def _peer(peer: Object) -> str:
    """`namespaces/pods`, by the values that are asked for."""
    if "namespaceSelector" not in peer:
        return "everybody" if not peer else f"{peer}"
    sides = (peer["namespaceSelector"], peer.get("podSelector", {}))
    return "/".join(
        "+".join([
            *side.get("matchLabels", {}).values(),
            *(value for each in side.get("matchExpressions", ()) for value in each["values"]),
        ])
        for side in sides
    )  # fmt: skip


def nothing_goes_out_but_what_must(objects: Objects, overlay: str) -> Iterator[str]:
    ports = set()
    for each in of_kind(objects, "NetworkPolicy"):
        for rule in each["spec"].get("egress", ()):
            name = each["metadata"]["name"]
            if name == "allow-dns":
                if [_peer(peer) for peer in rule.get("to", ())] != ["kube-system/kube-dns"]:
                    yield f"names are asked of {rule.get('to')}"
                ports |= {(port["protocol"], port["port"]) for port in rule["ports"]}
                continue
            ports |= {("TCP", port["port"]) for port in rule.get("ports", [{"port": "any"}])}
            for peer in rule.get("to", [{}]):
                if not {"169.254.0.0/16", "168.63.129.16/32"} <= set(
                    peer.get("ipBlock", {}).get("except", ())
                ):
                    yield f"{name} lets pods ask the node's metadata service who they are"
    expected = {("UDP", 53), ("TCP", 53)} | {("TCP", port) for port in _AZURES_PORTS if overlay != LOCAL}
    if ports != expected:
        yield f"goes out: {sorted(ports, key=str)}"


def exactly_the_public_routes_are_reached(objects: Objects, overlay: str) -> Iterator[str]:
    if overlay == LOCAL:
        return
    rules = list(_paths(objects))
    for route in _routes():
        asked = route.replace("{path:path}", "a/b.pdf").replace("{", "").replace("}", "")
        is_reached = any(_matches(asked, path, kind) for path, kind in rules)
        if is_reached is (route in _INTERNAL):
            yield f"{route} is {'' if is_reached else 'not '}reached from outside"
    for path, kind in rules:
        if not any(_matches(route, path, kind) for route in _routes()):
            yield f"{path} leads nowhere"


@functools.cache
def _routes() -> tuple[str, ...]:
    api = build_api(Runtime(Settings(), start_services))
    return tuple(sorted({route.path for route in api.routes}))


def _paths(objects: Objects) -> Iterator[tuple[str, str]]:
    for route in of_kind(objects, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            yield from ((match["path"]["value"], match["path"]["type"]) for match in rule.get("matches", ()))
    for ingress in of_kind(objects, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            yield from ((path["path"], path["pathType"]) for path in rule["http"]["paths"])


def _matches(asked: str, path: str, kind: str) -> bool:
    """As Kubernetes says: by whole elements of the path."""
    return asked == path or (kind.endswith("Prefix") and asked.startswith(path.rstrip("/") + "/"))


def the_way_in_is_encrypted(objects: Objects, overlay: str) -> Iterator[str]:
    ways = of_kind(objects, "Gateway", "Ingress")
    if len(ways) != (overlay != LOCAL):
        yield f"{len(ways)} ways in"
    for each in ways:
        if "cert-manager.io/cluster-issuer" not in each["metadata"]["annotations"]:
            yield "nobody renews the certificate"
    for ingress in of_kind(objects, "Ingress"):
        hosts = {rule.get("host") for rule in ingress["spec"]["rules"]}
        if {
            host for tls in ingress["spec"].get("tls", ()) for host in tls["hosts"]
        } != hosts or None in hosts:
            yield "a host has no certificate"
        if ingress["metadata"]["annotations"].get("nginx.ingress.kubernetes.io/ssl-redirect") != "true":
            yield "http does not lead to https"
    for gateway in of_kind(objects, "Gateway"):
        yield from _encrypted(objects, gateway)


def _encrypted(objects: Objects, gateway: Object) -> Iterator[str]:
    listeners = {each["name"]: each for each in gateway["spec"]["listeners"]}
    if listeners["https"].get("tls", {}).get("mode") != "Terminate":
        yield "the gateway ends no TLS"
    for route in of_kind(objects, "HTTPRoute"):
        (parent,) = route["spec"]["parentRefs"]
        if parent.get("sectionName") != "https" and any(
            "backendRefs" in rule for rule in route["spec"]["rules"]
        ):
            yield f"{route['metadata']['name']} answers without TLS"
        if {listener["hostname"] for listener in listeners.values()} != set(route["spec"]["hostnames"]):
            yield f"{route['metadata']['name']} is another host's"


def streams_and_uploads_pass_whole(objects: Objects, overlay: str) -> Iterator[str]:
    for ingress in of_kind(objects, "Ingress"):
        told = ingress["metadata"]["annotations"]
        nginx = {key.rpartition("/")[2]: value for key, value in told.items()}
        if (nginx.get("proxy-buffering"), nginx.get("proxy-request-buffering")) != ("off", "off"):
            yield "the proxy gathers streams before it passes them on"
        if int(nginx.get("proxy-read-timeout", 60)) <= 240:
            yield "the proxy breaks streams off"
        if int(nginx.get("proxy-body-size", "1m")[:-1]) <= _LARGEST_BODY:
            yield "the proxy refuses files that the product takes"
    for route in of_kind(objects, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            if "backendRefs" in rule and min(int(each[:-1]) for each in rule["timeouts"].values()) <= 240:
                yield "the gateway breaks streams off"


def clients_keep_their_addresses(objects: Objects, overlay: str) -> Iterator[str]:
    """Limits count by them; behind a balancer that hides them everybody has the address of a node."""
    if overlay in (LOCAL, PLAIN):
        return
    reference = one(objects, "Gateway", "rag")["spec"].get("infrastructure", {}).get("parametersRef", {})
    told = [
        each for each in of_kind(objects, "ConfigMap") if each["metadata"]["name"] == reference.get("name")
    ]
    if [each["metadata"]["namespace"] for each in told] != ["rag-gateway"]:
        yield f"the gateway is told by {reference}, which is not there"
        return
    service = yaml.safe_load(told[0]["data"]["service"])
    if service["spec"].get("externalTrafficPolicy") != "Local":
        yield "nodes put their addresses in place of clients'"
    left = service.get("metadata", {}).get("annotations", {})
    if {key.rpartition("_")[2] for key in left} != {"port", "protocol", "request-path"} or any(left.values()):
        yield "Azure asks whether the proxies are well where they do not answer"
    if settings_of(objects)["RAG_FORWARDED_HOPS"] != "1":
        yield "the proxy is taken for the client"


def every_selector_finds_its_pods(objects: Objects, overlay: str) -> Iterator[str]:
    pods = {each.name: each.labels for each in workloads(objects)}
    selectors = {
        "NetworkPolicy": lambda spec: spec["podSelector"],
        "PodDisruptionBudget": lambda spec: spec["selector"],
        "PodMonitor": lambda spec: spec["selector"],
        "Service": lambda spec: {"matchLabels": spec["selector"]},
        "Deployment": lambda spec: spec["selector"],
    }
    expected = {"Service": {"rag-api"}, "PodMonitor": set(pods) - {"rag-reconcile"}}
    for each in of_kind(objects, *selectors):
        kind, name = each["kind"], each["metadata"]["name"]
        found = {pod for pod, labels in pods.items() if selects(selectors[kind](each["spec"]), labels)}
        if not found or (kind == "Deployment" and found != {name}) or found != expected.get(kind, found):
            yield f"{kind} {name} finds {sorted(found)}"
    if one(objects, "Service", "rag-api")["spec"]["ports"][0]["targetPort"] != "http":
        yield "the Service leads to a port without a name"
    for each in workloads(objects):
        if each.kind == "Deployment" and [port["name"] for port in each.container["ports"]] != ["http"]:
            yield f"{each.name} has no port of the name that others use"


PROMISES = (
    nothing_comes_in_but_what_must,
    nothing_goes_out_but_what_must,
    exactly_the_public_routes_are_reached,
    the_way_in_is_encrypted,
    streams_and_uploads_pass_whole,
    clients_keep_their_addresses,
    every_selector_finds_its_pods,
)
