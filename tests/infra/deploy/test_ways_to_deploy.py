"""make, azd and the chat page's own app do with the repository what the deployment does."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from functions.edge import _CHAT_POLICY, _PERMISSIONS
from infra.deploy.cluster_values import _OF_FUNCTION_APP, cluster_values
from infra.deploy.page import build_site
from infra.deploy.revisions import PACKAGED
from shared.security_headers import ANSWER_HEADERS
from tests.infra.deploy.cloud import MAIN, OUTPUTS, ROOT, TOLD, Cloud
from tests.infra.deploy.conftest import Hosts


def test_make_deploys_and_destroys_the_environment_that_is_named(cloud: Cloud, hosts: Hosts) -> None:
    shutil.copy(ROOT / "Makefile", cloud.repository)
    (cloud.repository / ".venv/bin").mkdir(parents=True)
    (cloud.repository / ".venv/bin/python").symlink_to(shutil.which("python3", path="/usr/bin") or "")
    (cloud.repository / ".venv/rag.stamp").touch()
    said = subprocess.run(
        ["make", "--dry-run", "deploy", "destroy", "ENV=prod", "YES=1"],
        cwd=cloud.repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert '-m infra.deploy --env "prod" --yes' in said
    assert '-m infra.deploy.destroy --env "prod"' in said
    assert "--purge" not in said


def test_the_package_is_that_of_make_package() -> None:
    listed = re.search(r"rag-functions\.zip HEAD \\\n(.*)\n", (ROOT / "Makefile").read_text())
    assert listed is not None
    assert set(listed[1].split()) == set(PACKAGED)


def test_every_output_that_is_read_is_one_of_bicep() -> None:
    there = set(re.findall(r"^output (\w+) ", MAIN, re.MULTILINE))
    assert there >= OUTPUTS.keys()
    read = "".join(path.read_text() for path in (ROOT / "infra/deploy").glob("*.py"))
    assert set(re.findall(r'outputs(?:\.get\(|\[)"(\w+)"', read)) <= there


def test_every_setting_that_is_read_is_one_that_bicep_sets() -> None:
    bicep = MAIN + (ROOT / "infra/bicep/modules/function-app.bicep").read_text()
    assert set(re.findall(r"\b(\w+): ", bicep)) >= TOLD.keys() >= set(_OF_FUNCTION_APP)


def test_the_overlays_are_told_all_that_they_ask_for() -> None:
    told = {line.partition("=")[0] for line in cluster_values(OUTPUTS, TOLD, "rag.example.com").splitlines()}
    for environment in ("dev", "prod"):
        lines = (ROOT / f"infra/k8s/overlays/aks-{environment}/cluster.env").read_text().splitlines()
        assert {line.partition("=")[0] for line in lines if line and not line.startswith("#")} == told


def test_what_is_released_to_aks_renders_with_the_image_and_the_values(cloud: Cloud, hosts: Hosts) -> None:
    assert cloud.deploy().returncode == 0
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl, which renders the manifests")
    folder = cloud.repository / "dist/deploy/dev/infra/k8s/release"
    rendered = subprocess.run(
        [kubectl, "kustomize", folder], check=True, capture_output=True, text=True
    ).stdout
    objects = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(rendered)}
    images = {
        container["image"]
        for each in objects.values()
        if each["kind"] in ("Deployment", "CronJob")
        for container in _pod(each)["containers"]
    }
    assert images == {f"ragreg.azurecr.io/rag-functions@sha256:{'ab' * 32}"}
    assert (
        objects["ServiceAccount", "rag-api"]["metadata"]["annotations"]["azure.workload.identity/client-id"]
        == (OUTPUTS["apiIdentityClientId"])
    )
    assert "example.openai.azure.com" not in rendered
    (config,) = (
        each["data"]
        for (kind, _), each in objects.items()
        if kind == "ConfigMap" and "RAG_DATA" in each["data"]
    )
    assert TOLD.items() <= config.items()
    assert cloud.environment["API_HOST"] in rendered


def test_bicep_finds_beside_it_what_it_reads(cloud: Cloud, hosts: Hosts) -> None:
    assert cloud.deploy("--step", "plan").returncode == 0
    (planned,) = cloud.calls("what-if")
    parameters = Path(planned.partition("--parameters ")[2])
    read = [
        (file.parent / path).resolve()
        for file in parameters.parent.rglob("*.bicep")
        for path in re.findall(r"load\w+Content\('([^']+)'\)", file.read_text())
    ]
    assert len(read) > 4
    assert [path for path in read if not path.is_file()] == []


def test_azd_finds_the_parameters_the_app_and_its_name() -> None:
    azure = yaml.safe_load((ROOT / "azure.yaml").read_text())
    assert re.fullmatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?", azure["name"])
    infra, (service,) = azure["infra"], azure["services"].values()
    parameters = ROOT / infra["path"] / f"{infra['module']}.bicepparam"
    assert "using 'main.bicep'" in parameters.read_text()
    assert (ROOT / service["project"] / "function_app.py").exists()
    assert (service["host"], service["language"]) == ("function", "py")
    output = re.fullmatch(r"\$\{(\w+)\}", service["resourceName"])
    assert output is not None
    assert f"output {output[1]} string" in MAIN


def test_the_page_by_itself_has_the_policy_that_the_app_gives_it(tmp_path: Path) -> None:
    build_site(
        ROOT / "web", tmp_path / "site", api="https://api.example.com", storage="https://files.example.com"
    )
    configuration = json.loads((tmp_path / "site/staticwebapp.config.json").read_text())
    headers = {name.lower(): value for name, value in configuration["globalHeaders"].items()}
    connect = "'self' https://api.example.com https://files.example.com https://login.microsoftonline.com"
    assert headers["content-security-policy"] == _CHAT_POLICY.format(connect=connect)
    assert headers["permissions-policy"] == _PERMISSIONS.decode()
    rest = {name: value for name, value in ANSWER_HEADERS.items() if name != "content-security-policy"}
    assert rest.items() <= headers.items()
    assert 'name="api" content="https://api.example.com"' in (tmp_path / "site/chat/index.html").read_text()
    assert not (tmp_path / "site/chat/staticwebapp.config.json").exists()


def _pod(each: dict) -> dict:  # type: ignore[type-arg]
    spec = each["spec"]
    found: dict = (spec.get("jobTemplate", {}).get("spec") or spec)["template"]["spec"]  # type: ignore[type-arg]
    return found
