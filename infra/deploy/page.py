"""The Static Web App with the chat page, as a place that releases are put into and taken back from.

Used by infra/deploy/__main__.py. The page is the folder web/, served under /chat as the app itself serves it.
"""

import shutil
from pathlib import Path

from infra.deploy.commands import DeploymentError, az, run
from infra.deploy.revisions import extract

_UPLOADER = "@azure/static-web-apps-cli@2.0.10"
_CONFIGURATION = "staticwebapp.config.json"


class Page:
    name = "Static Web App"

    def __init__(self, *, group: str, app: str, previous: str | None, work: Path) -> None:
        self._of = ("--resource-group", group, "--name", app)
        self._previous = previous
        self._work = work

    def place(self, revision: str) -> None:
        site = self._work / "site"
        shutil.rmtree(site, ignore_errors=True)
        site.mkdir(parents=True)
        extract(revision, "web", self._work).rename(site / "chat")
        (site / "chat" / _CONFIGURATION).rename(site / _CONFIGURATION)
        token: str = az("staticwebapp", "secrets", "list", *self._of, "--query", "properties.apiKey")
        run(
            "npx", "--yes", _UPLOADER, "deploy", str(site), "--env", "production",
            environment={"SWA_CLI_DEPLOYMENT_TOKEN": token},
        )  # fmt: skip

    def undo(self) -> str:
        if self._previous is None:
            raise DeploymentError("there is no earlier release to go back to")
        self.place(self._previous)
        return f"shows {self._previous[:12]} again"
