"""AKS as a place that releases are put into and taken back from. Used by infra/deploy/__main__.py.

The pods that run go on until new ones are ready (docs/kubernetes.md), so a release that does not start costs
nobody a request; `kubectl rollout undo` then brings the Deployments back as they were, settings included.
"""

import json
import os
from pathlib import Path
from typing import Any

from infra.deploy.commands import DeploymentError, is_installed, run, say
from infra.deploy.images import parts_of
from infra.deploy.revisions import extract

_NAMESPACE = ("--namespace", "rag")
_GATEWAY = ("gateway/rag", "--namespace", "rag-gateway")
_DEPLOYMENTS = ("rag-api", "rag-ingest")
_CRONJOB = "rag-reconcile"
_REVISION = "deployment.kubernetes.io/revision"
_PATIENCE = 900  # seconds until the new pods are ready
# What the overlays take for granted: whatever makes the way in.
_NEEDED = ("gatewayclass/approuting-istio", "clusterissuer/letsencrypt")


class Cluster:
    name = "AKS"

    def __init__(
        self, *, environment: str, of: tuple[str, ...], values: str, image: str, host: str, work: Path
    ) -> None:
        """`of`: the cluster, as arguments of `az`. `values`: what cluster.env is to say."""
        self.url = f"https://{host}"
        self._environment = environment
        self._of = of
        self._values = values
        self._image = image
        self._work = work
        self._is_begun = False
        self._before: dict[str, str] = {}  # revisions of Deployments, a file with the CronJob

    def check(self) -> None:
        """Before anything is released. Later a workflow could not sign in any more: what GitHub vouches for
        lasts minutes.

        Errors: `DeploymentError` where this cluster cannot take the release.
        """
        self._sign_in()
        for needed in _NEEDED:
            try:
                self._kubectl("get", needed)
            except DeploymentError as error:
                raise DeploymentError(
                    f"the cluster does not show its {needed}. How to prepare it, and who may look: "
                    f"docs/deploy.md#with-a-cluster\n{error}"
                ) from error

    def place(self, revision: str) -> None:
        release = self._manifests(revision)
        self._before = self._running()
        self._is_begun = True
        self._kubectl("apply", "--kustomize", str(release))
        self._wait()
        address = self._kubectl("get", *_GATEWAY, "--output", "jsonpath={.status.addresses[*].value}")
        say(f"AKS: {self.url} has to lead to {address or 'a gateway, which has no address yet'}")

    def undo(self) -> str:
        if not self._is_begun:
            return "untouched"
        if not self._before:
            raise DeploymentError("there is no earlier release to go back to")
        for deployment in _DEPLOYMENTS:
            if revision := self._before.get(
                deployment
            ):  # not the last but one: this release may have changed none
                self._kubectl(
                    "rollout", "undo", f"deployment/{deployment}", *_NAMESPACE, f"--to-revision={revision}"
                )
        if self._before.get(_CRONJOB):  # which keeps no history
            self._kubectl("replace", "--filename", self._before[_CRONJOB])
        self._wait()
        return "runs what it ran before"

    def _wait(self) -> None:
        for deployment in _DEPLOYMENTS:
            self._kubectl(
                "rollout", "status", f"deployment/{deployment}", *_NAMESPACE, f"--timeout={_PATIENCE}s"
            )

    def _manifests(self, revision: str) -> Path:
        """The overlay with this deployment's values, below a layer that names the image by its digest."""
        folder = extract(revision, "infra/k8s", self._work)
        overlay = folder / "overlays" / f"aks-{self._environment}"
        (overlay / "cluster.env").write_text(self._values)
        release = folder / "release"
        release.mkdir(exist_ok=True)
        repository, digest = parts_of(self._image)
        layer = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"../overlays/{overlay.name}"],
            "images": [{"name": "rag-functions", "newName": repository, "digest": digest}],
        }
        (release / "kustomization.yaml").write_text(json.dumps(layer, indent=2))
        return release

    def _sign_in(self) -> None:
        """Into a file of its own: whoever deploys from a laptop keeps their clusters."""
        run(
            "az", "aks", "get-credentials", *self._of, "--file", self._settings, "--overwrite-existing",
        )  # fmt: skip
        run(
            "kubelogin",
            "convert-kubeconfig",
            "--login",
            "azurecli",
            environment={"KUBECONFIG": self._settings},
        )

    def _running(self) -> dict[str, str]:
        """What to go back to; nothing before the first release."""
        before = {}
        for deployment in _DEPLOYMENTS:
            if found := self._get(f"deployment/{deployment}"):
                before[deployment] = found["metadata"]["annotations"][_REVISION]
        if found := self._get(f"cronjob/{_CRONJOB}"):
            found["metadata"].pop("resourceVersion", None)  # or it would be refused as out of date
            kept = self._work / f"{_CRONJOB}.json"
            kept.write_text(json.dumps(found))
            before[_CRONJOB] = str(kept)
        return before

    def _get(self, name: str) -> dict[str, Any] | None:
        printed = self._kubectl("get", name, *_NAMESPACE, "--ignore-not-found", "--output", "json")
        found: dict[str, Any] | None = json.loads(printed) if printed.strip() else None
        return found

    @property
    def _settings(self) -> str:
        return os.fspath(self._work / "kubeconfig")

    def _kubectl(self, *arguments: str) -> str:
        return run("kubectl", *arguments, environment={"KUBECONFIG": self._settings}, patience=_PATIENCE + 60)


def check_tools() -> None:
    if lacking := [tool for tool in ("kubectl", "kubelogin") if not is_installed(tool)]:
        raise DeploymentError(f"{' and '.join(lacking)} are needed for AKS: `az aks install-cli`")
