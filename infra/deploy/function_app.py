"""The Function App as a place that releases are put into and taken back from.

Used by infra/deploy/__main__.py. An older release does not start with settings that it does not know, so the
settings go back with it.
"""

import json
from pathlib import Path
from typing import Any

from infra.deploy.commands import DeploymentError, az, run
from infra.deploy.revisions import PACKAGED, archive

_BUILD_SECONDS = 1800


class FunctionApp:
    name = "Functions"

    def __init__(self, *, group: str, app: str, url: str, previous: str | None, work: Path) -> None:
        self.url = url
        self._group = group
        self._app = app
        self._previous = previous
        self._work = work

    def place(self, revision: str) -> None:
        """Azure installs what requirements.txt names, by its hashes, and starts the app."""
        package = archive(revision, PACKAGED, self._work / f"{revision[:12]}.zip")
        run(
            "az", "functionapp", "deployment", "source", "config-zip",
            "--resource-group", self._group, "--name", self._app,
            "--src", str(package), "--build-remote", "true", "--timeout", str(_BUILD_SECONDS),
            patience=_BUILD_SECONDS + 300,
        )  # fmt: skip

    def undo(self) -> str:
        if self._previous is None:
            raise DeploymentError("there is no earlier release to go back to")
        restored = restore_settings(self._group, self._work)
        self.place(self._previous)
        return f"runs {self._previous[:12]} again, {restored}"


def keep_settings(group: str, work: Path) -> None:
    """What the app's settings are before Bicep changes them; nothing where there is no app yet."""
    work.mkdir(parents=True, exist_ok=True)
    kept = work / "settings"
    kept.mkdir(mode=0o700, exist_ok=True)
    for old in kept.iterdir():
        old.unlink()
    for app in az("functionapp", "list", "--resource-group", group, "--query", "[].name") or []:
        (kept / f"{app}.json").write_text(json.dumps(_settings(group, app)))


def restore_settings(group: str, work: Path) -> str:
    """Those that were kept, and no others; what became of them."""
    kept = sorted((work / "settings").glob("*.json"))
    for file in kept:
        of = ("--resource-group", group, "--name", file.stem)
        before, now = _values(json.loads(file.read_text())), read_settings(group, file.stem)
        if added := sorted(now.keys() - before.keys()):
            run("az", "functionapp", "config", "appsettings", "delete", *of, "--setting-names", *added)
        if any(now.get(name) != value for name, value in before.items()):
            run("az", "functionapp", "config", "appsettings", "set", *of, "--settings", f"@{file}")
    return "with the settings of before" if kept else "with the settings of now: none were kept"


def read_settings(group: str, app: str) -> dict[str, str]:
    """What the app is told now."""
    return _values(_settings(group, app))


def _settings(group: str, app: str) -> list[dict[str, Any]]:
    settings: list[dict[str, Any]] = az(
        "functionapp", "config", "appsettings", "list", "--resource-group", group, "--name", app
    )
    return settings


def _values(settings: list[dict[str, Any]]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in settings}
