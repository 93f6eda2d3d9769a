"""The Static Web App with the chat page, as a place that releases are put into and taken back from.

Used by infra/deploy/__main__.py. The page is the folder web/, under /chat as the app itself serves it. It is
told the address of the API, which is another, and its policy lets it call there.
"""

import html
import shutil
from pathlib import Path

from infra.deploy.commands import DeploymentError, az, run
from infra.deploy.revisions import extract

_UPLOADER = "@azure/static-web-apps-cli@2.0.10"
_CONFIGURATION = "staticwebapp.config.json"
_AUTHORITY = "https://login.microsoftonline.com"  # where the page may fetch tokens, as the file has it


class Page:
    name = "Static Web App"

    def __init__(
        self, *, of: tuple[str, ...], api: str, storage: str, previous: str | None, work: Path
    ) -> None:
        self._of = of
        self._api = api
        self._storage = storage
        self._previous = previous
        self._work = work

    def place(self, revision: str) -> None:
        site = self._work / "site"
        shutil.rmtree(site, ignore_errors=True)
        build_site(extract(revision, "web", self._work), site, api=self._api, storage=self._storage)
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


def build_site(web: Path, site: Path, *, api: str, storage: str, authority: str = _AUTHORITY) -> None:
    """What is uploaded, of the folder web/; where the page may call, as browsers write origins."""
    shutil.copytree(web, site / "chat")
    configuration = (site / "chat" / _CONFIGURATION).read_text()
    (site / "chat" / _CONFIGURATION).unlink()
    configuration = configuration.replace("https://api.invalid", api).replace(
        "https://storage.invalid", storage
    )
    configuration = configuration.replace(_AUTHORITY, authority)
    (site / _CONFIGURATION).write_text(configuration)
    index = site / "chat/index.html"
    told = f'<meta name="api" content="{html.escape(api)}">\n  <title>'
    index.write_text(index.read_text().replace("<title>", told, 1))
