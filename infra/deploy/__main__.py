"""Deploys one environment to Azure: `make deploy`, and the workflow `deploy` step by step. docs/deploy.md.

Exit codes: 0 deployed; 1 failed before anything was released; 3 failed and taken back; 4 somebody has to
look at it; 130 interrupted.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.deploy import cluster, images, infrastructure
from infra.deploy.cluster import Cluster
from infra.deploy.cluster_values import cluster_values
from infra.deploy.commands import DeploymentError, ask, az, is_installed, say
from infra.deploy.function_app import FunctionApp, keep_settings, read_settings, restore_settings
from infra.deploy.options import Options, read_options
from infra.deploy.page import Page
from infra.deploy.release import ReleaseError, Target, release
from infra.deploy.revisions import present_revision, record_revision, released_revision
from infra.deploy.smoke import Account, read_account, smoke_test
from infra.deploy.smoke_client import SmokeClient

_OLDEST_AZ = (2, 64)


def main(arguments: Sequence[str]) -> int:
    options = read_options(arguments)
    try:
        revision = _check(options)
        if options.step != "release":
            _infrastructure(options, revision)
        if options.step in ("all", "release"):
            _release(options, revision)
    except ReleaseError as error:
        return _end(3 if error.is_undone else 4, str(error))
    except DeploymentError as error:
        return _end(1, f"FAILED, and nothing was released: {error}")
    except KeyboardInterrupt:
        return _end(
            130, "Interrupted: what runs now is not tried. Deploy again, the same or the last release"
        )
    return 0


def _check(options: Options) -> str:
    """Everything that can be known to fail later on; the commit to deploy."""
    if not is_installed("az"):
        raise DeploymentError("needs the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli")
    version = az("version")["azure-cli"]
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_AZ:
        raise DeploymentError(f"az {version} is too old: `az upgrade`")
    try:
        account = az("account", "show")
    except DeploymentError as error:
        raise DeploymentError(
            "not signed in: `az login`, then `az account set --subscription NAME`"
        ) from error
    if options.step in ("all", "release"):
        read_account()
        if options.image:
            images.parts_of(options.image)
    revision = present_revision()
    say(f"{revision[:12]} to {options.resource_group} in the subscription {account['name']}")
    return revision


def _infrastructure(options: Options, revision: str) -> None:
    group = options.resource_group
    bicep = infrastructure.extract_bicep(revision, options.work)
    if options.step == "plan":
        infrastructure.show_plan(options, bicep, "any-will-do-for-a-plan-A1")  # nothing is changed
        return
    infrastructure.ensure_group(options)
    released_revision(group)
    password = infrastructure.mongodb_password(group)
    infrastructure.show_plan(options, bicep, password)
    if not options.is_confirmed and ask(f"Deploy this to {group}? [y/N] ").lower() not in ("y", "yes"):
        raise DeploymentError("not confirmed")
    keep_settings(group, options.work)
    say("Bicep: deploying; the first time takes most of an hour")
    try:
        infrastructure.deploy(options, bicep, password)
    except DeploymentError as error:
        raise DeploymentError(
            f"Bicep stopped on the way, and what it has changed stays so; the app runs on, "
            f"{_restored_settings(group, options.work)}. Mend this and deploy again:\n{error}"
        ) from error


def _restored_settings(group: str, work: Path) -> str:
    try:
        return restore_settings(group, work)
    except DeploymentError as error:
        return f"with settings that could NOT be taken back, look at it now: {error}"


def _release(options: Options, revision: str) -> None:
    group = options.resource_group
    outputs = infrastructure.read_outputs(group)
    targets = _targets(options, outputs, revision, read_account(), released_revision(group))
    release(targets, revision)
    _record(group, revision)
    addresses = [f"chat page and API: {outputs['functionAppUrl']}/chat"]
    if outputs.get("clusterName"):
        addresses.append(f"on AKS: https://{options.host}/chat")
    addresses += [f"dashboards: {outputs['grafanaEndpoint']}"] if outputs.get("grafanaEndpoint") else []
    _end(0, "\n".join([f"{revision[:12]} is deployed and has passed the smoke test", *addresses]))


def _record(group: str, revision: str) -> None:
    try:
        record_revision(group, revision)
    except DeploymentError as error:
        state = "It runs and has passed the smoke test, but is not recorded: a rollback would go further back"
        raise ReleaseError(error, [state], is_undone=False) from error


def _targets(
    options: Options, outputs: Mapping[str, str], revision: str, account: Account, previous: str | None
) -> list[Target]:
    group, work, patience = options.resource_group, options.work, options.patience
    url = outputs["functionAppUrl"]
    app = FunctionApp(group=group, app=outputs["functionAppName"], url=url, previous=previous, work=work)
    targets = [Target(place=app, check=lambda: smoke_test(url, account, patience=patience))]
    if outputs.get("clusterName"):
        aks = _cluster(options, outputs, revision)
        targets.append(Target(place=aks, check=lambda: smoke_test(aks.url, account, patience=patience)))
    if name := outputs.get("staticWebAppName"):
        of = ("--resource-group", group, "--name", name)
        storage = f"https://{outputs['storageName']}.blob.core.windows.net"
        page = Page(of=of, api=url, storage=storage, previous=previous, work=work)
        address = "https://" + az("staticwebapp", "show", *of, "--query", "defaultHostname")
        targets.append(Target(place=page, check=lambda: _check_page(address)))
    return targets


def _cluster(options: Options, outputs: Mapping[str, str], revision: str) -> Cluster:
    cluster.check_tools()
    if not options.host:
        raise DeploymentError("say by which name AKS is reached: API_HOST=rag.example.com")
    images.check_image(options.image)
    group = outputs["resourceGroupName"]
    values = cluster_values(outputs, read_settings(group, outputs["functionAppName"]), options.host)
    image = images.provide_image(
        registry=outputs["registryName"],
        server=outputs["registryLoginServer"],
        image=options.image,
        revision=revision,
        work=options.work,
    )
    of = ("--resource-group", group, "--name", outputs["clusterName"])
    aks = Cluster(
        environment=options.environment,
        of=of,
        values=values,
        image=image,
        host=options.host,
        work=options.work,
    )
    aks.check()
    return aks


def _check_page(address: str) -> None:
    if "<title>" not in SmokeClient(address).text("GET", "/chat", accept="text/html"):
        raise DeploymentError(f"{address}/chat is not the chat page")


def _end(code: int, text: str) -> int:
    """Said, and told on the page of the workflow's run where there is one."""
    say(text)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a") as page:
            page.write(f"```\n{text}\n```\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
