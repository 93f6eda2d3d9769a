"""A deployment: what it does in which order, and what it does when a step fails, each step in turn."""

import json

import pytest

from tests.infra.deploy.cloud import DIGEST, IMAGE, SETTINGS, Cloud
from tests.infra.deploy.conftest import Hosts

BACK = (
    "config-zip",
    "rollout undo",
    "kubectl replace",
)  # what a rollback is made of, with a package of the old one


def taken_back(cloud: Cloud) -> set[str]:
    """The places that were taken back."""
    undone = {"AKS"} if cloud.calls("rollout undo") else set()
    return undone | ({"Functions"} if cloud.calls("config-zip", cloud.old[:12]) else set())


def test_all_is_done_in_its_order_and_recorded_in_the_end(cloud: Cloud, hosts: Hosts) -> None:
    done = cloud.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    steps = ["group exists", "keyvault secret show", "what-if", "appsettings list", "deployment group create"]
    steps += ["deployment group show", "acr import", "aks get-credentials", "kubelogin", "get gatewayclass"]
    steps += ["config-zip", "get deployment", "kubectl apply", "rollout status", "get gateway/", "tag update"]
    calls = cloud.calls()
    order = [next(number for number, call in enumerate(calls) if step in call) for step in steps]
    assert order == sorted(order), calls
    assert taken_back(cloud) == set()
    assert cloud.calls("tag update")[0].endswith(f"rag-revision={cloud.new} --output json")
    assert "/chat" in done.stdout
    assert f"https://{cloud.environment['API_HOST']} has to lead to" in done.stdout
    assert "192.0.2.7" in done.stdout
    assert "is deployed and has passed the smoke test" in done.stdout


def test_the_image_is_copied_into_the_environments_registry_and_run_by_its_digest(
    cloud: Cloud, hosts: Hosts
) -> None:
    assert cloud.deploy().returncode == 0
    assert f"--source {IMAGE}" in cloud.calls("acr import")[0]
    layer = json.loads(
        (cloud.repository / "dist/deploy/dev/infra/k8s/release/kustomization.yaml").read_text()
    )
    assert layer["images"] == [
        {"name": "rag-functions", "newName": "ragreg.azurecr.io/rag-functions", "digest": DIGEST}
    ]


NOTHING_RELEASED = [
    "az account show",
    "az group exists",
    "az keyvault list",
    "az keyvault secret show",
    "az deployment group what-if",
    "az functionapp list",
    "az deployment group create",
    "az deployment group show",
    "az acr import",
    "az aks get-credentials",
    "kubelogin",
    "kubectl get gatewayclass/approuting-istio",
    "kubectl get clusterissuer/letsencrypt",
]


@pytest.mark.parametrize("step", NOTHING_RELEASED)
def test_what_fails_before_the_release_releases_nothing_and_takes_nothing_back(
    cloud: Cloud, hosts: Hosts, step: str
) -> None:
    done = cloud.deploy(fail=step, times=99)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "nothing was released" in done.stdout
    assert "planted failure" in done.stdout + done.stderr or "not signed in" in done.stdout
    assert "Traceback" not in done.stderr
    assert not any(cloud.calls(each) for each in (*BACK, "kubectl apply", "tag update"))


RELEASED = {
    "config-zip": {"Functions"},
    "kubectl get deployment": {"Functions"},
    "kubectl apply": {"Functions", "AKS"},
    "rollout status": {"Functions", "AKS"},
}


@pytest.mark.parametrize("step", RELEASED)
def test_what_fails_in_the_release_takes_back_what_was_begun_and_says_what_runs_where(
    cloud: Cloud, hosts: Hosts, step: str
) -> None:
    done = cloud.deploy(fail=step)
    assert done.returncode == 3, done.stdout + done.stderr
    assert taken_back(cloud) == RELEASED[step]
    assert cloud.released("functions") == cloud.old[:12]
    assert cloud.released("aks") != "new"
    assert f"Functions: runs {cloud.old[:12]} again" in done.stdout
    assert ("AKS: untouched" in done.stdout) == ("AKS" not in RELEASED[step])
    assert not cloud.calls("tag update")


def test_a_release_that_fails_on_functions_never_reaches_the_cluster(cloud: Cloud, hosts: Hosts) -> None:
    hosts.functions_fault = "nothing is cited"
    done = cloud.deploy()
    assert done.returncode == 3
    assert taken_back(cloud) == {"Functions"}
    assert {call.split()[1] for call in cloud.calls("kubectl")} == {"get"}
    assert "THE RELEASE FAILED: smoke test, answered with a citation" in done.stdout
    assert "passes the smoke test\nAKS: untouched" in done.stdout


def test_a_release_that_fails_on_the_cluster_is_taken_back_everywhere(cloud: Cloud, hosts: Hosts) -> None:
    hosts.aks_fault = "never ready"
    done = cloud.deploy()
    assert done.returncode == 3
    assert taken_back(cloud) == {"Functions", "AKS"}
    assert [call.split()[3] for call in cloud.calls("rollout undo", "--to-revision=7")] == [
        "deployment/rag-api",
        "deployment/rag-ingest",
    ]
    assert cloud.calls("kubectl replace")
    kept = json.loads((cloud.repository / "dist/deploy/dev/rag-reconcile.json").read_text())
    assert "resourceVersion" not in kept["metadata"]


def test_settings_that_the_old_release_may_not_know_go_back_with_it(cloud: Cloud, hosts: Hosts) -> None:
    hosts.functions_fault = "never ready"
    assert cloud.deploy("--step", "infrastructure").returncode == 0
    cloud.answers["az functionapp config appsettings list"] = [
        *({**each, "value": "changed"} for each in SETTINGS),
        {"name": "RAG_NEW", "value": "1"},
    ]
    done = cloud.deploy("--step", "release")
    assert done.returncode == 3
    (added,) = cloud.calls("appsettings delete")
    assert added.endswith("--setting-names RAG_NEW")
    (changed,) = cloud.calls("appsettings set")
    file = cloud.repository / changed.rpartition("@")[2]
    assert json.loads(file.read_text()) == SETTINGS
    order = [call for call in cloud.calls() if "appsettings set" in call or "config-zip" in call]
    assert "appsettings set" in order[1]  # before the old package comes back
    assert "with the settings of before" in done.stdout


def test_settings_go_back_too_where_bicep_stops_on_its_way(cloud: Cloud, hosts: Hosts) -> None:
    done = cloud.deploy(fail="deployment group create")
    assert done.returncode == 1
    assert "Bicep stopped on the way" in done.stdout
    assert len(cloud.calls("appsettings list")) == 2


@pytest.mark.parametrize("step", ["rollout undo", "kubectl replace"])
def test_a_rollback_that_fails_is_told_apart_and_the_rest_goes_back(
    cloud: Cloud, hosts: Hosts, step: str
) -> None:
    hosts.aks_fault = "never ready"
    done = cloud.deploy(fail=step, times=99)
    assert done.returncode == 4
    assert "AKS: NOT TAKEN BACK, look at it now" in done.stdout
    assert f"Functions: runs {cloud.old[:12]} again" in done.stdout


def test_a_rollback_that_mends_nothing_is_told(cloud: Cloud, hosts: Hosts) -> None:
    hosts.functions_fault = "answers break"
    hosts.is_wrong_for_good = True
    done = cloud.deploy()
    assert done.returncode == 4
    assert (
        f"runs {cloud.old[:12]} again, with the settings of before, and FAILS the smoke test too"
        in done.stdout
    )


def test_a_first_release_that_fails_has_nothing_to_go_back_to_and_says_so(cloud: Cloud, hosts: Hosts) -> None:
    hosts.functions_fault = "answers break"
    cloud.answers["az group show --name rag-dev --query tags"] = None
    done = cloud.deploy()
    assert done.returncode == 4
    assert "Functions: NOT TAKEN BACK" in done.stdout
    assert "no earlier release to go back to" in done.stdout


def test_a_release_that_cannot_be_recorded_is_no_success(cloud: Cloud, hosts: Hosts) -> None:
    done = cloud.deploy(fail="tag update")
    assert done.returncode == 4
    assert "It runs and has passed the smoke test, but is not recorded" in done.stdout
    assert taken_back(cloud) == set()


def test_without_a_cluster_functions_alone_are_released(cloud: Cloud, hosts: Hosts) -> None:
    cloud.answers["az deployment group show"]["clusterName"]["value"] = ""
    assert cloud.deploy().returncode == 0
    assert not cloud.calls("kubectl")
    assert not cloud.calls("acr import")
