"""What can be known to fail is said before anything is changed, with what to do about it."""

from pathlib import Path

import pytest

from tests.infra.deploy.cloud import DIGEST, Cloud, with_outputs
from tests.infra.deploy.conftest import Hosts

CHANGES = (
    "group create",
    "deployment group create",
    "config-zip",
    "kubectl apply",
    "acr import",
    "tag update",
)


def refused(cloud: Cloud, *arguments: str, why: str, **options: str) -> None:
    done = cloud.deploy(*arguments, **options)
    assert done.returncode == 1, done.stdout + done.stderr
    assert why in done.stdout
    assert done.stderr == ""
    assert not any(cloud.calls(change) for change in CHANGES)


def test_without_the_azure_cli(cloud: Cloud) -> None:
    (cloud.folder / "bin/az").unlink()
    refused(cloud, why="needs the Azure CLI: https://")


def test_with_one_that_is_too_old(cloud: Cloud) -> None:
    cloud.answers["az version"] = {"azure-cli": "2.9.1"}
    refused(cloud, why="az 2.9.1 is too old: `az upgrade`")


def test_without_being_signed_in(cloud: Cloud) -> None:
    refused(cloud, why="not signed in: `az login`", fail="az account show")


def test_without_somebody_who_tries_the_release(cloud: Cloud) -> None:
    del cloud.environment["SMOKE_PASSWORD"]
    refused(cloud, why="Set SMOKE_TOKEN, or SMOKE_EMAIL and SMOKE_PASSWORD")


@pytest.mark.parametrize("image", ["acme/rag-functions:1.2.0", "acme/rag-functions", "x@sha256:12"])
def test_with_an_image_that_may_be_another_one_tomorrow(cloud: Cloud, image: str) -> None:
    refused(cloud, "--image", image, why="has to name a digest")


def test_where_the_running_release_is_not_in_this_clone(cloud: Cloud) -> None:
    cloud.answers["az group show --name rag-dev --query tags"] = {"rag-revision": "a" * 40}
    refused(cloud, why="so there would be no way back: `git fetch --unshallow`")


def test_without_a_place_for_a_new_resource_group(cloud: Cloud) -> None:
    cloud.answers["az group exists"] = False
    refused(cloud, why="say where to make it, LOCATION=")


def test_with_a_place_the_group_is_made(cloud: Cloud) -> None:
    cloud.answers["az group exists"] = False
    cloud.deploy("--step", "infrastructure", "--location", "swedencentral")
    assert cloud.calls("group create --name rag-dev --location swedencentral")


def test_without_a_yes(cloud: Cloud, hosts: Hosts) -> None:
    for typed in ("", "no\n", "rag\n"):
        done = cloud.run("infra.deploy", typed=typed)
        assert done.returncode == 1
        assert "not confirmed" in done.stdout
        assert cloud.calls("what-if")
        assert not any(cloud.calls(change) for change in CHANGES)


def test_for_the_cluster_without_its_tools_its_name_or_an_image(cloud: Cloud, hosts: Hosts) -> None:
    for tool in ("kubelogin", "docker"):
        (cloud.folder / "bin" / tool).rename(cloud.folder / tool)
        image = [] if tool == "kubelogin" else ["--image", ""]
        done = cloud.deploy("--step", "release", *image)
        assert done.returncode == 1
        assert ("az aks install-cli" if tool == "kubelogin" else "IMAGE=registry/") in done.stdout
        assert not cloud.calls("config-zip")
        (cloud.folder / tool).rename(cloud.folder / "bin" / tool)
    done = cloud.deploy("--step", "release", "--host", "")
    assert done.returncode == 1
    assert "API_HOST=" in done.stdout
    assert not cloud.calls("config-zip")


def test_where_bicep_does_not_tell_what_the_pods_need(cloud: Cloud, hosts: Hosts) -> None:
    with_outputs(cloud, functionAppUrl=cloud.answers["az deployment group show"]["functionAppUrl"]["value"])
    del cloud.answers["az deployment group show"]["kedaIdentityClientId"]
    done = cloud.deploy("--step", "release")
    assert done.returncode == 1
    assert "no output kedaIdentityClientId" in done.stdout
    assert not cloud.calls("config-zip")


@pytest.mark.parametrize("name", ["APPLICATIONINSIGHTS_CONNECTION_STRING", "AZURE_OPENAI_EMBEDDING_TPM"])
def test_where_the_function_app_is_not_told_what_the_pods_need(cloud: Cloud, hosts: Hosts, name: str) -> None:
    listed = cloud.answers["az functionapp config appsettings list"]
    cloud.answers["az functionapp config appsettings list"] = [
        each for each in listed if each["name"] != name
    ]
    done = cloud.deploy("--step", "release")
    assert done.returncode == 1
    assert f"no setting {name}" in done.stdout
    assert not cloud.calls("config-zip")


def test_where_the_cluster_is_not_prepared(cloud: Cloud, hosts: Hosts) -> None:
    done = cloud.deploy(fail="clusterissuer/letsencrypt", said="the server doesn't have a resource type")
    assert done.returncode == 1
    assert "docs/deploy.md#with-a-cluster" in done.stdout
    assert "doesn't have a resource type" in done.stdout
    assert not cloud.calls("config-zip")


def test_what_is_not_committed_is_not_deployed(cloud: Cloud, hosts: Hosts) -> None:
    (cloud.repository / "shared/settings.py").write_text("# not committed\n")
    done = cloud.deploy()
    assert done.returncode == 0
    assert "NOT deployed, since not committed: changes in 1 files" in done.stdout
    package = Path(cloud.calls("config-zip")[0].partition("--src ")[2].split()[0])
    assert package.stem == cloud.new[:12]


def test_an_image_is_built_of_what_is_committed(cloud: Cloud, hosts: Hosts) -> None:
    (cloud.repository / "shared/settings.py").write_text("# not committed\n")
    cloud.environment["IMAGE"] = ""
    cloud.answers["az acr repository show"] = DIGEST
    assert cloud.deploy().returncode == 0
    (built,) = cloud.calls("docker buildx build")
    assert f"--build-arg REVISION={cloud.new}" in built
    (folder,) = cloud.folders("docker buildx build")
    assert (folder / "shared/settings.py").read_text() == "# another release\n"
    assert (folder / "function_app.py").exists()
