"""What the Azure CLI takes, as far as it is called here. Used by Azure's stand-in and by tests of pages.

`azure_cli.json` has, by command, what `az <command> --help` of version 2.91.0 names. Whoever calls another
command writes down what its help says.
"""

import json
import re
from pathlib import Path

_EVERYWHERE = {
    "--debug",
    "--help",
    "--only-show-errors",
    "--output",
    "--query",
    "--subscription",
    "--verbose",
    "-o",
}
_KNOWN: dict[str, dict[str, str | list[str]]] = json.loads(Path(__file__).with_suffix(".json").read_text())


def refusal(words: list[str]) -> str:
    """What the CLI would say against the words behind `az`; nothing if it takes them.

    A command's bare name is how pages speak of it."""
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    names = (" ".join(words[:length]) for length in range(first, 0, -1))
    command = next((name for name in names if name in _KNOWN), None)
    if command is None:
        return f"az {' '.join(words)}: no command that was looked up"
    taken = {*str(_KNOWN[command]["options"]).split(), *_EVERYWHERE}
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    if unknown := given - taken:
        return f"az {command} takes no {', '.join(sorted(unknown))}"
    if (missing := set(_KNOWN[command]["required"]) - given) and given:
        return f"az {command} wants {', '.join(sorted(missing))}"
    return ""
