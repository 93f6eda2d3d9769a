"""A repository with two releases, an Azure made of fake programs, and the deployment run against both."""

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.infra.deploy.azure_cli import refusal
from tests.infra.deploy.stand_in_host import EMAIL, PASSWORD
from tests.planted import planted

ROOT = Path(__file__).parents[3]
MAIN = (ROOT / "infra/bicep/main.bicep").read_text()
PROGRAMS = ("az", "kubectl", "kubelogin", "npx", "docker")
DIGEST = f"sha256:{'ab' * 32}"
IMAGE = f"docker.io/acme/rag-functions@{DIGEST}"
KEPT = planted("password of MongoDB") + "/@:"  # which has to be written otherwise in an address
TOLD = {  # the Function App, by Bicep
    "RAG_PROFILE": "azure",
    "AZURE_OPENAI_EMBEDDING_DIMENSION": "1024",
    "AZURE_OPENAI_EMBEDDING_TPM": "350000",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=5;IngestionEndpoint=https://in.example.com/",
    "ENTRA_TENANT_ID": "55555555-5555-5555-5555-555555555555",
}
SETTINGS = [{"name": name, "value": value, "slotSetting": False} for name, value in TOLD.items()]
OUTPUTS = {
    "functionAppName": "rag-app",
    "functionAppUrl": "http://127.0.0.1:1",
    "registryName": "ragreg",
    "registryLoginServer": "ragreg.azurecr.io",
    "clusterName": "rag-aks",
    "apiIdentityClientId": "11111111-1111-1111-1111-111111111111",
    "ingestIdentityClientId": "22222222-2222-2222-2222-222222222222",
    "kedaIdentityClientId": "33333333-3333-3333-3333-333333333333",
    "tenantId": "44444444-4444-4444-4444-444444444444",
    "keyVaultName": "rag-kv",
    "keyVaultUrl": "https://rag-kv.vault.azure.net",
    "storageName": "ragstore",
    "searchEndpoint": "https://rag.search.windows.net",
    "openAiEndpoint": "https://rag.openai.azure.com",
    "chatDeployment": "chat",
    "fallbackDeployment": "fallback",
    "embeddingDeployment": "embedding",
    "redisUrl": "rediss://rag.redis.azure.net:10000/0",
    "staticWebAppName": "",
    "grafanaEndpoint": "https://rag.grafana.azure.com",
    "prometheusEndpoint": "https://rag.prometheus.monitor.azure.com",
    "resourceGroupName": "rag-dev",
}


@dataclass
class Cloud:
    folder: Path
    repository: Path
    old: str  # the commit that runs
    new: str  # the one to deploy
    answers: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self, *arguments: str, fail: str = "", times: int = 1, said: str = "planted failure", typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        world = {"answers": self.answers, "fail": fail, "times": times, "said": said}
        (self.folder / "world.json").write_text(json.dumps(world))
        for name in ("calls.jsonl", "failures"):
            (self.folder / name).unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-P", "-m", *arguments],
            cwd=self.repository,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        asked = [call.split()[1:] for call in self.calls() if call.startswith("az ")]
        assert [said for said in map(refusal, asked) if said] == []
        return done

    def deploy(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return self.run("infra.deploy", "--yes", "--patience", "0.2", *arguments, **options)

    def calls(self, *words: str) -> list[str]:
        """Those that have all the words, in their order."""
        return [call["called"] for call in self._calls() if all(word in call["called"] for word in words)]

    def environment_of(self, word: str) -> dict[str, str]:
        found: dict[str, str] = next(call["environment"] for call in self._calls() if word in call["called"])
        return found

    def folders(self, word: str) -> list[Path]:
        """That it was called in."""
        return [Path(call["folder"]) for call in self._calls() if word in call["called"]]

    def released(self, place: str) -> str:
        file = self.folder / place
        return file.read_text() if file.exists() else ""

    def _calls(self) -> list[dict[str, Any]]:
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def build_repository(repository: Path) -> None:
    _make_repository(repository)
    _commit(repository, "one release")
    (repository / "shared/settings.py").write_text("# another release\n")
    _commit(repository, "another release")


def build_cloud(folder: Path, made: Path) -> Cloud:
    repository = folder / "repository"
    shutil.copytree(made, repository)
    old, new = _git(repository, "rev-parse", "HEAD~", "HEAD").split()
    programs = folder / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        program = programs / name
        program.write_text(
            f"#!{sys.executable} -IS\n" + (Path(__file__).parent / "fake_program.py").read_text()
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    cloud = Cloud(folder=folder, repository=repository, old=old, new=new, answers=_answers(old))
    cloud.environment = {
        "PATH": os.pathsep.join([str(programs), str(Path(str(shutil.which("git"))).parent)]),
        "PYTHONPATH": str(repository),
        "FAKES": str(folder),
        "HOME": str(folder),
        "SMOKE_EMAIL": EMAIL,
        "SMOKE_PASSWORD": PASSWORD,
        "IMAGE": IMAGE,
        "API_HOST": "rag.example.com",
    }
    return cloud


def with_outputs(cloud: Cloud, **outputs: str) -> None:
    named = {name: {"type": "String", "value": value} for name, value in (OUTPUTS | outputs).items()}
    cloud.answers["az deployment group show"] = named


def _answers(old: str) -> dict[str, Any]:
    vaulted = KEPT.replace(" ", "%20").replace("/", "%2F").replace("@", "%40").replace(":", "%3A")
    running = {
        "metadata": {"resourceVersion": "9", "annotations": {"deployment.kubernetes.io/revision": "7"}}
    }
    return {
        "az version": {"azure-cli": "2.80.0"},
        "az account show": {"name": "Acme"},
        "az group exists": True,
        "az group show --name rag-dev --query tags": {"rag-revision": old},
        "az group show --name rag-dev --query id": "/subscriptions/s/resourceGroups/rag-dev",
        "az keyvault list": ["rag-kv"],
        "az keyvault secret show": f"mongodb+srv://rag:{vaulted}@rag.mongocluster.cosmos.azure.com/",
        "az functionapp list": ["rag-app"],
        "az functionapp config appsettings list": SETTINGS,
        "az deployment group show": {name: {"value": value} for name, value in OUTPUTS.items()},
        "kubectl get gateway/rag": "192.0.2.7",
        "kubectl get": running,
    }


def _make_repository(repository: Path) -> None:
    for name in ("infra/deploy", "infra/k8s", "infra/bicep", "infra/monitoring/rules", "web"):
        shutil.copytree(ROOT / name, repository / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "infra/__init__.py", repository / "infra")
    for name in (
        "functions/api.py",
        "shared/settings.py",
        "function_app.py",
        "host.json",
        "requirements.txt",
    ):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text("\n")
    _git(repository, "init", "--quiet")


def _commit(repository: Path, subject: str) -> None:
    _git(repository, "add", "--all")
    _git(repository, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", subject)


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
