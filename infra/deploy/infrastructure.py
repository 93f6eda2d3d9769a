"""The resource group and what Bicep puts into it. Used by infra/deploy/__main__.py."""

import datetime
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from infra.deploy.commands import CommandError, DeploymentError, az, run, say
from infra.deploy.options import Options
from infra.deploy.revisions import extract

_DEPLOYMENT = "rag-functions"
_PATIENCE = 7200.0  # seconds; Redis and the cluster may take most of an hour
_ENTRY, _BUDGET = "MONGODB_PASSWORD", "BUDGET_START"  # of the environment, which the parameter files read


def extract_bicep(revision: str, work: Path) -> Path:
    """The folder with the parameter files, as committed, with what Bicep reads beside it."""
    extract(revision, "infra/monitoring/rules", work)
    return extract(revision, "infra/bicep", work)


def ensure_group(options: Options) -> None:
    group = options.resource_group
    if az("group", "exists", "--name", group):
        return
    if not options.location:
        raise DeploymentError(
            f"there is no resource group {group} yet: say where to make it, LOCATION=swedencentral"
        )
    az("group", "create", "--name", group, "--location", options.location)


def mongodb_password(group: str) -> str:
    """The one that is set, else the one that the key vault holds, else a new one.

    Errors: `DeploymentError` where there is one that cannot be read: a new one would lock the app out.
    """
    if given := os.environ.get(_ENTRY):
        return given
    for vault in az("keyvault", "list", "--resource-group", group, "--query", "[].name") or []:
        try:
            uri: str = az(
                "keyvault",
                "secret",
                "show",
                "--vault-name",
                vault,
                "--name",
                "mongodb-uri",
                "--query",
                "value",
            )
        except CommandError as error:
            if "SecretNotFound" in error.said:
                continue
            raise DeploymentError(
                f"MongoDB's password cannot be read from the key vault {vault}. Give yourself the role Key "
                f"Vault Secrets User on it, come from a network that it lets in, or set {_ENTRY}.\n"
                f"{error.said}"
            ) from error
        return unquote(urlsplit(uri).password or "")
    return secrets.token_urlsafe(32) + "-aA1"  # of each kind of character that the service asks for


def budget_start(group: str, today: datetime.date) -> str:
    """The month that the budget was made in, which Azure never lets anybody change; without one, this month.

    Empty, which leaves it alone, where it cannot be asked.
    """
    if given := os.environ.get(_BUDGET):
        return given
    try:
        start = az(
            "consumption", "budget", "list", "--resource-group", group,
            "--query", "[0].timePeriod.startDate",
        )  # fmt: skip
    except CommandError as error:
        say(f"the budget is left as it is: {error.said}")
        return ""
    return str(start)[:10] if start else f"{today:%Y-%m}-01"


def show_plan(options: Options, bicep: Path, password: str) -> None:
    """What would be made, changed and removed, printed by Azure."""
    if not az("group", "exists", "--name", options.resource_group):
        say(f"there is no resource group {options.resource_group} yet: everything would be made")
        return
    run(
        "az", "deployment", "group", "what-if", *_deployment(options, bicep),
        environment=_read_by_bicep(options, password),
        is_shown=True,
    )  # fmt: skip


def deploy(options: Options, bicep: Path, password: str) -> None:
    run(
        "az", "deployment", "group", "create", *_deployment(options, bicep), "--output", "none",
        environment=_read_by_bicep(options, password),
        patience=_PATIENCE,
    )  # fmt: skip


def read_outputs(group: str) -> dict[str, str]:
    """Of the last deployment, by the names that main.bicep gives them."""
    outputs: dict[str, Any] = az(
        "deployment", "group", "show", "--resource-group", group, "--name", _DEPLOYMENT,
        "--query", "properties.outputs",
    )  # fmt: skip
    return {name: str(output["value"]) for name, output in outputs.items()}


def _read_by_bicep(options: Options, password: str) -> dict[str, str]:
    today = datetime.datetime.now(datetime.UTC).date()
    return {_ENTRY: password, _BUDGET: budget_start(options.resource_group, today)}


def _deployment(options: Options, bicep: Path) -> tuple[str, ...]:
    named = ("--name", _DEPLOYMENT, "--resource-group", options.resource_group)
    return (*named, "--parameters", str(bicep / f"{options.environment}.bicepparam"))
