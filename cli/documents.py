"""`rag documents`: what is there to be asked about."""

from typing import Any

import typer

from cli.client import check, signed_in
from cli.progress import counted
from shared.settings import Settings


def run(settings: Settings, *, url: str | None, email: str | None, password: str | None) -> None:
    """One line per document, by name. Errors: `CommandError`."""
    with signed_in(settings, url=url, email=email, password=password) as client:
        after: str | None = None
        while True:
            parameters = {"after": after} if after else {}
            page = check(client.get("/api/documents", params=parameters)).json()
            for document in page["documents"]:
                typer.echo(_line(document))
            after = page["next"]
            if after is None:
                return


def _line(document: dict[str, Any]) -> str:
    size = f"{counted(document['pages'], document['page_kind'])}, {counted(document['chunks'], 'chunk')}"
    return f"{document['status']:<10}{document['name']}  ({document['reason'] or size})"
