"""MongoDB's password is made once, read back, and seen by nobody on its way."""

import re

import pytest

from tests.infra.deploy.cloud import KEPT, MAIN, Cloud
from tests.infra.deploy.conftest import Hosts
from tests.infra.deploy.stand_in_host import PASSWORD
from tests.planted import planted

NOT_FOUND = "(SecretNotFound) A secret with (name/id) mongodb-uri was not found in this key vault."
FORBIDDEN = "(Forbidden) Caller is not authorized to perform action on resource."


def given_to_bicep(cloud: Cloud) -> str:
    return cloud.environment_of("deployment group create")["MONGODB_PASSWORD"]


def test_the_one_of_the_key_vault_is_deployed_again(cloud: Cloud, hosts: Hosts) -> None:
    assert cloud.deploy("--step", "infrastructure").returncode == 0
    assert given_to_bicep(cloud) == KEPT
    assert cloud.environment_of("what-if")["MONGODB_PASSWORD"] == KEPT


def test_the_one_that_is_set_comes_first(cloud: Cloud, hosts: Hosts) -> None:
    cloud.environment["MONGODB_PASSWORD"] = planted("another")
    assert cloud.deploy("--step", "infrastructure").returncode == 0
    assert given_to_bicep(cloud) == planted("another")
    assert not cloud.calls("keyvault")


@pytest.mark.parametrize("is_vault_there", [True, False])
def test_the_first_deployment_makes_one_that_azure_takes(
    cloud: Cloud, hosts: Hosts, is_vault_there: bool
) -> None:
    cloud.answers["az keyvault list"] = ["rag-kv"] if is_vault_there else []
    made = set()
    for _ in range(2):
        done = cloud.deploy("--step", "infrastructure", fail="keyvault secret show", said=NOT_FOUND)
        assert done.returncode == 0, done.stdout
        made.add(given_to_bicep(cloud))
    assert len(made) == 2
    for password in made:
        assert len(password) > 40
        assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[-_]"))


def test_one_that_cannot_be_read_is_not_replaced(cloud: Cloud, hosts: Hosts) -> None:
    done = cloud.deploy(fail="keyvault secret show", said=FORBIDDEN)
    assert done.returncode == 1
    assert "Key Vault Secrets User" in done.stdout
    assert not cloud.calls("deployment group create")


def test_no_secret_is_an_argument_or_printed(cloud: Cloud, hosts: Hosts) -> None:
    hosts.functions_fault = "answers break"
    done = cloud.deploy()
    assert done.returncode == 3
    seen = "\n".join([*cloud.calls(), done.stdout, done.stderr])
    assert KEPT not in seen
    assert PASSWORD not in seen
    assert KEPT in cloud.environment_of("deployment group create").values()  # so it would have been found


def test_a_plan_reads_no_secret_and_changes_nothing(cloud: Cloud) -> None:
    for name in ("SMOKE_EMAIL", "SMOKE_PASSWORD"):
        del cloud.environment[name]
    assert cloud.deploy("--step", "plan").returncode == 0
    (least,) = re.findall(r"@minLength\((\d+)\)\nparam mongodbPassword", MAIN)
    assert len(cloud.environment_of("what-if")["MONGODB_PASSWORD"]) >= int(
        least
    )  # or Azure would not look at it
    assert [call.split()[1:4] for call in cloud.calls()] == [
        ["version", "--output", "json"],
        ["account", "show", "--output"],
        ["group", "exists", "--name"],
        ["consumption", "budget", "list"],
        ["deployment", "group", "what-if"],
    ]
    cloud.answers["az group exists"] = False
    done = cloud.deploy("--step", "plan")
    assert done.returncode == 0
    assert "everything would be made" in done.stdout
    assert not cloud.calls("what-if")


def test_what_the_settings_were_is_readable_by_nobody_else(cloud: Cloud, hosts: Hosts) -> None:
    assert cloud.deploy("--step", "infrastructure").returncode == 0
    kept = cloud.repository / "dist/deploy/dev/settings"
    assert kept.stat().st_mode & 0o077 == 0
    assert [file.name for file in kept.iterdir()] == ["rag-app.json"]
