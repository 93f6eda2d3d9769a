"""What a deployment puts into the overlays arrives where it should, and the page about them is true."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from infra.deploy.cluster_values import cluster_values
from tests.infra.k8s.rendered import (
    FUNCTIONS,
    K8S,
    OVERLAYS,
    REPOSITORY,
    kustomize,
    objects_of,
    one,
    settings_of,
    workloads,
)

PAGE = (REPOSITORY / "docs/kubernetes.md").read_text()
ON_AKS = ("aks-dev", "aks-prod")
DIGEST = f"sha256:{'a' * 64}"


class AnyOutput(dict[str, str]):
    """A deployment that has told all that it is asked for."""

    def get(self, key: str, default: object = None) -> str:
        return f"told-{key}"

    __missing__ = get


def keys_of(overlay: str) -> list[str]:
    lines = (K8S / "overlays" / overlay / "cluster.env").read_text().splitlines()
    return [line.partition("=")[0] for line in lines if not line.startswith("#")]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(K8S, tmp_path / "k8s"))


@pytest.mark.parametrize("overlay", ON_AKS)
def test_the_file_of_values_has_the_keys_that_a_deployment_writes(overlay: str) -> None:
    written = cluster_values(AnyOutput(), AnyOutput(), "rag.example.org")
    assert sorted(line.partition("=")[0] for line in written.splitlines()) == sorted(keys_of(overlay))


@pytest.mark.parametrize("overlay", ON_AKS)
def test_the_quota_that_replicas_are_counted_by_is_the_one_that_bicep_deploys(overlay: str) -> None:
    parameters = (REPOSITORY / f"infra/bicep/{overlay.removeprefix('aks-')}.bicepparam").read_text()
    (thousands,) = re.findall(r"param embeddingModel = .*capacity: (\d+)", parameters)
    told = (K8S / "overlays" / overlay / "cluster.env").read_text()
    assert f"AZURE_OPENAI_EMBEDDING_TPM={thousands}000\n" in told


@pytest.mark.parametrize("overlay", [*ON_AKS, "plain"])
def test_every_value_reaches_the_manifests_and_nothing_else_does(copied: Path, overlay: str) -> None:
    keys = keys_of(overlay)
    folder = copied / "overlays" / overlay
    (folder / "cluster.env").write_text("".join(f"{key}=the-{key.lower()}-here\n" for key in keys))
    text = kustomize(folder)
    assert [key for key in keys if f"the-{key.lower()}-here" not in text] == []
    assert "example.com" not in text
    assert "example.azure" not in text
    assert "00000000-0000" not in text


def test_another_value_gives_the_configuration_another_name(copied: Path) -> None:
    before = one(objects_of(K8S / "overlays/aks-dev"), "ConfigMap", "rag-config")["metadata"]["name"]
    values = copied / "overlays/aks-dev/cluster.env"
    values.write_text(values.read_text().replace("DEPLOYMENT=chat", "DEPLOYMENT=better"))
    after = objects_of(copied / "overlays/aks-dev")
    assert one(after, "ConfigMap", "rag-config")["metadata"]["name"] != before
    assert settings_of(after)["AZURE_OPENAI_CHAT_DEPLOYMENT"] == "better"


@pytest.mark.parametrize("overlay", [*ON_AKS, FUNCTIONS, "plain"])
def test_a_layer_above_names_the_image(copied: Path, overlay: str) -> None:
    named = "rag-functions-host" if overlay == FUNCTIONS else "rag-functions"
    layer = {
        "resources": [f"../overlays/{overlay}"],
        "images": [{"name": named, "newName": "registry.example.org/rag-functions", "digest": DIGEST}],
    }
    release = copied / "release"
    release.mkdir()
    (release / "kustomization.yaml").write_text(yaml.safe_dump(layer))
    images = {each.container["image"] for each in workloads(objects_of(release))}
    assert images == {f"registry.example.org/rag-functions@{DIGEST}"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_page_tells_what_the_overlay_is_made_of(overlay: str) -> None:
    layers = yaml.safe_load((K8S / "overlays" / overlay / "kustomization.yaml").read_text())
    made_of = {Path(path).name for path in layers.get("components", ())} | {
        Path(path).name for path in layers["resources"] if "overlays" in path or path.startswith("../aks")
    }
    (row,) = re.findall(rf"^\| `{overlay}` \|(.*)\|$", PAGE, re.MULTILINE)
    told = set(re.findall(r"`([a-z-]+)`", row))
    if "the same;" in row:
        told = set(re.findall(r"`([a-z-]+)`", PAGE.partition("| `aks-dev` |")[2].partition("\n")[0]))
    assert told == made_of


def test_every_component_is_used_by_some_overlay() -> None:
    used = "".join(path.read_text() for path in (K8S / "overlays").glob("*/kustomization.yaml"))
    assert [
        path.name for path in (K8S / "components").iterdir() if f"components/{path.name}\n" not in used
    ] == []
