"""Promises about what the pods are told: settings, commands, secrets, images. Tried by test_promises.py."""

import functools
import re
from collections.abc import Iterator
from unittest import mock

import azure.functions as func
import typer
from typer.exceptions import TyperException

from cli.main import app as commands
from functions.dependencies import Runtime
from functions.ingest import register_triggers
from host.functions import read_functions
from shared.compose import start_services
from shared.errors import ConfigError
from shared.settings import Settings, read_settings, setting_name
from tests.infra.k8s.rendered import (
    FUNCTIONS,
    LOCAL,
    Object,
    Objects,
    Workload,
    of_kind,
    one,
    workloads,
)

_KNOWN = {setting_name(field) for field in Settings.model_fields} | {
    "AZURE_SEARCH_INDEX"
}  # of RAG_INDEX_NAME
_OF_THE_HOST = {"FUNCTIONS_WORKER_RUNTIME", "AzureFunctionsWebHost__hostid"}
_OF_TRACES = {"OTEL_SERVICE_NAME", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"}  # their exporters read these
_DISABLED = re.compile(r"AzureWebJobs_(\w+)_Disabled")


def environment(objects: Objects, each: Workload) -> dict[str, str]:
    """What the container is started with; secrets by a stand-in."""
    entries = {}
    for source in each.container["envFrom"]:
        name = source["configMapRef"]["name"]
        (found,) = (config for config in of_kind(objects, "ConfigMap") if config["metadata"]["name"] == name)
        entries.update(found["data"])
    for entry in each.container.get("env", ()):
        entries[entry["name"]] = entry.get("value", "mongodb://stand-in")
    return entries


def the_product_starts_with_its_entries(objects: Objects, overlay: str) -> Iterator[str]:
    for each in workloads(objects):
        entries = environment(objects, each)
        for name in sorted(set(entries) - _KNOWN - _OF_THE_HOST - _OF_TRACES):
            if not _DISABLED.fullmatch(name):
                yield f"{each.name}: {name} is no setting"
        try:
            with mock.patch.dict("os.environ", entries, clear=True):
                settings = read_settings()
        except ConfigError as error:
            yield f"{each.name} does not start: {error}"
            continue
        if settings.profile != ("local" if overlay == LOCAL else "azure"):
            yield f"{each.name} runs the profile {settings.profile}"
        if overlay != LOCAL and settings.blob_trigger:
            yield f"{each.name} works on every change twice"
        if settings.forwarded_hops != (overlay != LOCAL):
            yield f"{each.name} takes the proxy for the client"


def traces_arrive_under_the_name_of_what_runs(objects: Objects, overlay: str) -> Iterator[str]:
    """In Application Insights, which Bicep has take no keys; so the pod's identity it is."""
    for each in workloads(objects):
        entries = environment(objects, each)
        if entries.get("OTEL_SERVICE_NAME") != each.name:
            yield f"{each.name} is {entries.get('OTEL_SERVICE_NAME')} in traces"
        if overlay == LOCAL:
            continue
        if entries.get("RAG_TRACES") != "azure_monitor":
            yield f"{each.name} sends no traces"
        if not entries.get("APPLICATIONINSIGHTS_CONNECTION_STRING", "").startswith("InstrumentationKey="):
            yield f"{each.name} does not know where to send traces"
        if entries.get("APPLICATIONINSIGHTS_AUTHENTICATION_STRING") != "Authorization=AAD":
            yield f"{each.name} sends traces as nobody"


def a_change_of_settings_rolls_the_pods(objects: Objects, overlay: str) -> Iterator[str]:
    name = one(objects, "ConfigMap", "rag-config")["metadata"]["name"]
    if not re.fullmatch(r"rag-config-[a-z0-9]{10}", name):
        yield f"{name} is the same whatever it says"
    if any("cluster" in each["metadata"]["name"] for each in of_kind(objects, "ConfigMap")):
        yield "what only kustomize reads is applied too"
    if "unset" in str(objects):
        yield "a value of cluster.env is put nowhere"


def containers_run_what_the_command_line_takes(objects: Objects, overlay: str) -> Iterator[str]:
    command = typer.main.get_command(commands)
    for each in workloads(objects):
        if overlay == FUNCTIONS:
            if "args" in each.container or "command" in each.container:
                yield f"{each.name} tells the Functions host to run {each.container.get('args')}"
            continue
        first, *rest = each.container["args"]
        try:
            parsed = command.commands[first].make_context(first, list(rest))
        except (TyperException, KeyError) as error:
            yield f"{each.name}: {error}"
            continue
        part = {"rag-api": "http", "rag-ingest": "queues"}[each.name] if first == "serve" else None
        if parsed.params.get("only") != (None if overlay == LOCAL else part):
            yield f"{each.name} serves {parsed.params.get('only')}"
        if first == "serve" and parsed.params["port"] != each.container["ports"][0]["containerPort"]:
            yield f"{each.name} listens elsewhere"


def the_functions_host_divides_the_work(objects: Objects, overlay: str) -> Iterator[str]:
    """Requests and the timer here, queues there; a host id of its own for each."""
    if overlay != FUNCTIONS:
        return
    triggers = _triggers()
    ids = set()
    for each in workloads(objects):
        entries = environment(objects, each)
        off = {
            match[1] for name in entries if (match := _DISABLED.fullmatch(name)) and entries[name] == "true"
        }
        kind = "queueTrigger" if each.name == "rag-api" else "timerTrigger"
        if off != {name for name, trigger in triggers.items() if trigger == kind}:
            yield f"{each.name} leaves out {sorted(off)}"
        ids.add(entries.get("AzureFunctionsWebHost__hostid", ""))
        if each.container["ports"][0]["containerPort"] != 8080:
            yield f"{each.name} listens elsewhere"
    if len(ids) != 2 or not all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", each) for each in ids):
        yield f"host ids: {sorted(ids)}"


@functools.cache
def _triggers() -> dict[str, str]:
    """The functions of the app that these settings make, with the kind of what fires each."""
    app = func.FunctionApp()
    register_triggers(app, Runtime(Settings(blob_trigger=False), start_services))
    return {function.name: function.trigger for function in read_functions(app, timeout=None)}


def secrets_come_from_the_vault(objects: Objects, overlay: str) -> Iterator[str]:
    if of_kind(objects, "Secret") or re.search(
        r"mongodb(\+srv)?://|AccountKey=|://[^/\s@]*:[^/\s@]+@", str(objects)
    ):
        yield "a secret stands in the manifests"
    if overlay == LOCAL:
        return
    by_operator = {
        (each["spec"]["target"]["name"], data["secretKey"])
        for each in of_kind(objects, "ExternalSecret")
        for data in each["spec"]["data"]
    }
    for each in workloads(objects):
        (read,) = (entry for entry in each.container["env"] if entry["name"] == "MONGODB_URI")
        reference = read.get("valueFrom", {}).get("secretKeyRef", {})
        if (reference.get("name"), reference.get("key")) not in by_operator | _by_driver(objects, each):
            yield f"{each.name} reads {reference}, which nobody makes"


def _by_driver(objects: Objects, each: Workload) -> set[tuple[str, str]]:
    """The entries of Secrets that come to be when this pod mounts its volumes."""
    specs = [one(objects, "SecretProviderClass", name)["spec"] for name in _providers(each)]
    return {
        (secret["secretName"], data["key"])
        for spec in specs
        for secret in spec["secretObjects"]
        for data in secret["data"]
        if f"objectName: {data['objectName']}\n" in spec["parameters"]["objects"]
    }


def _providers(each: Workload) -> list[str]:
    mounted = {mount["name"] for mount in each.container["volumeMounts"]}
    return [
        volume["csi"]["volumeAttributes"]["secretProviderClass"]
        for volume in each.pod["volumes"]
        if "csi" in volume and volume["name"] in mounted
    ]


def pods_are_who_they_should_be(objects: Objects, overlay: str) -> Iterator[str]:
    if overlay == LOCAL:
        return
    accounts = {each["metadata"]["name"]: each for each in of_kind(objects, "ServiceAccount")}
    clients = {name: _client(account) for name, account in accounts.items()}
    if None in clients.values() or len(set(clients.values())) != len(clients):
        yield f"identities: {clients}"
    for each in workloads(objects):
        if each.labels.get("azure.workload.identity/use") != "true":
            yield f"{each.name} gets no token"
        for provider in _providers(each):
            asks = one(objects, "SecretProviderClass", provider)["spec"]["parameters"]["clientID"]
            if asks != clients[each.pod["serviceAccountName"]]:
                yield f"{each.name} asks the vault as somebody else"


def _client(account: Object) -> str | None:
    client: str | None = account["metadata"].get("annotations", {}).get("azure.workload.identity/client-id")
    return client


def images_are_named_by_digest(objects: Objects, overlay: str) -> Iterator[str]:
    images = {each.container["image"] for each in workloads(objects)}
    expected = r"rag-functions:local" if overlay == LOCAL else r"[\w./-]+@sha256:[0-9a-f]{64}"
    if len(images) != 1 or not all(re.fullmatch(expected, image) for image in images):
        yield f"images: {sorted(images)}"


PROMISES = (
    the_product_starts_with_its_entries,
    traces_arrive_under_the_name_of_what_runs,
    a_change_of_settings_rolls_the_pods,
    containers_run_what_the_command_line_takes,
    the_functions_host_divides_the_work,
    secrets_come_from_the_vault,
    pods_are_who_they_should_be,
    images_are_named_by_digest,
)
