"""What a shell completes: names that the host knows, and the script itself. Used by cli.main and the groups.

A shell asks at every TAB and shows whatever is said, so names that cannot be had at once are none.
"""

from collections.abc import Callable
from typing import Any

SECONDS = 0.4  # for connecting, and for the answer
_MOST = 50


def document_names(incomplete: str) -> list[str]:
    listed = _asked(
        "/api/documents", {"prefix": incomplete, "limit": str(_MOST)}, lambda told: told["documents"]
    )
    return [name for name in listed if name.startswith(incomplete)]


def index_names(incomplete: str) -> list[str]:
    return [
        name
        for name in _asked("/api/indexes", {}, lambda told: told["indexes"])
        if name.startswith(incomplete)
    ]


def script(shell: str) -> str:
    from typer._completion_shared import get_completion_script

    return get_completion_script(prog_name="rag", complete_var="_RAG_COMPLETE", shell=shell)  # nosec B604


def _asked(path: str, query: dict[str, str], listed: Callable[[Any], list[dict[str, Any]]]) -> list[str]:
    """The names of what is listed; none where nobody is signed in, or the host takes too long."""
    import httpx

    from cli.client import check, token_at_hand
    from cli.errors import CommandError
    from shared.errors import RagError
    from shared.settings import read_settings

    try:
        address, token = token_at_hand(read_settings())
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(address + path, params=query, headers=headers, timeout=SECONDS)
        return [str(each["name"]) for each in listed(check(answer).json())]
    except (CommandError, RagError, httpx.HTTPError, OSError, ValueError, KeyError):
        return []
