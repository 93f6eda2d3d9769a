"""Options that several commands take. Used by cli.main and the modules of its groups of commands."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder that holds everything. [RAG_DATA or .rag]"),
]
Url = Annotated[
    str | None,
    typer.Option("--url", help="Address of the host. [RAG_URL, that of `rag login`, or port 7071 here]"),
]
Email = Annotated[
    str | None, typer.Option("--email", help="Sign in with this address, for this command alone.")
]
Password = Annotated[str | None, typer.Option("--password", help="Asked for when it is not given.")]
Organisation = Annotated[
    str | None, typer.Option("--organisation", metavar="NAME", help="Another's than yours (administrators).")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
