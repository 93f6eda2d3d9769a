"""Nothing is destroyed without its name, and what Azure keeps is told."""

import pytest

from tests.infra.deploy.cloud import Cloud


@pytest.fixture
def doomed(cloud: Cloud) -> Cloud:
    there = {"name": "rag-kv", "location": "swedencentral"}
    cloud.answers |= {
        "az keyvault list": [there],
        "az cognitiveservices account list": [there | {"name": "rag-openai"}],
        "az resource list": ["Microsoft.Web/sites"] * 3,
    }
    return cloud


@pytest.mark.parametrize("typed", ["", "yes\n", "rag-prod\n"])
def test_without_the_name_of_the_group_nothing_is_deleted(doomed: Cloud, typed: str) -> None:
    done = doomed.run("infra.deploy.destroy", "--purge", typed=typed)
    assert done.returncode == 1
    assert "nothing was deleted" in done.stdout
    assert not doomed.calls("delete")
    assert not doomed.calls("purge")


def test_with_it_the_group_goes_and_what_azure_keeps_is_told(doomed: Cloud) -> None:
    done = doomed.run("infra.deploy.destroy", typed="rag-dev\n")
    assert done.returncode == 0, done.stderr
    assert "rag-dev: 3 resources" in done.stdout
    assert doomed.calls("group delete --name rag-dev --yes")
    assert not doomed.calls("purge")
    assert "az keyvault purge --name rag-kv --location swedencentral" in done.stdout
    assert "the account rag-openai" in done.stdout


def test_on_demand_that_is_purged_after_the_group_is_gone(doomed: Cloud) -> None:
    done = doomed.run("infra.deploy.destroy", "--purge", typed="rag-dev\n")
    assert done.returncode == 0
    calls = doomed.calls()
    assert [call.split()[1] for call in calls[-3:]] == ["group", "keyvault", "cognitiveservices"]


def test_what_cannot_be_purged_is_told_and_the_rest_is(doomed: Cloud) -> None:
    done = doomed.run("infra.deploy.destroy", "--purge", typed="rag-dev\n", fail="keyvault purge")
    assert done.returncode == 0
    assert "the key vault rag-kv is NOT purged" in done.stdout
    assert doomed.calls("cognitiveservices account purge")


def test_a_group_that_is_not_there_is_said(doomed: Cloud) -> None:
    doomed.answers["az group exists"] = False
    done = doomed.run("infra.deploy.destroy", "--env", "prod", typed="rag-prod\n")
    assert done.returncode == 1
    assert "no resource group rag-prod" in done.stdout
