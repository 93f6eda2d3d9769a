"""Removes one environment: `make destroy`. Asks for the name of its resource group first. docs/deploy.md."""

import argparse
import os
import sys
from collections.abc import Sequence

from infra.deploy.commands import CommandError, DeploymentError, ask, az, run, say


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy.destroy", description=__doc__)
    parser.add_argument("--env", default="dev", choices=["dev", "prod"])
    parser.add_argument("--resource-group", default=os.environ.get("RESOURCE_GROUP", ""))
    parser.add_argument("--purge", action="store_true", help="also what Azure would keep, deleted, for days")
    given = parser.parse_args(arguments)
    try:
        _destroy(given.resource_group or f"rag-{given.env}", is_purged=given.purge)
    except DeploymentError as error:
        say(f"FAILED: {error}")
        return 1
    return 0


def _destroy(group: str, *, is_purged: bool) -> None:
    if not az("group", "exists", "--name", group):
        raise DeploymentError(f"there is no resource group {group} in this subscription")
    resources = az("resource", "list", "--resource-group", group, "--query", "[].type")
    kept = _kept_by_azure(group)
    say(f"{group}: {len(resources)} resources, with every document, account and conversation in them")
    if ask("Type the name of the resource group to delete it for good: ") != group:
        raise DeploymentError("not confirmed: nothing was deleted")
    az("group", "delete", "--name", group, "--yes", patience=7200.0)
    say(f"{group} is deleted")
    for label, purge in kept.items():
        if not is_purged:
            say(f"Azure keeps {label} for some days, and its name with it: --purge, or {' '.join(purge)}")
            continue
        try:
            run(*purge)
            say(f"{label} is purged")
        except CommandError as error:
            say(f"{label} is NOT purged; with purge protection Azure keeps it to the end: {error.said}")


def _kept_by_azure(group: str) -> dict[str, tuple[str, ...]]:
    """What is only marked as deleted, with what would purge it; asked for before it is gone."""
    named = ("--resource-group", group, "--query", "[].{name: name, location: location}")
    commands: dict[str, tuple[str, ...]] = {}
    for vault in az("keyvault", "list", *named) or []:
        commands[f"the key vault {vault['name']}"] = (
            "az", "keyvault", "purge", "--name", vault["name"], "--location", vault["location"],
        )  # fmt: skip
    for account in az("cognitiveservices", "account", "list", *named) or []:
        commands[f"the account {account['name']}"] = (
            "az", "cognitiveservices", "account", "purge", "--name", account["name"],
            "--resource-group", group, "--location", account["location"],
        )  # fmt: skip
    return commands


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
