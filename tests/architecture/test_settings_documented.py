"""docs/configuration.md names every setting with its default and its description, and nothing else."""

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from shared.settings import Settings, setting_name

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"

# Defaults that depend on the machine are told in words.
IN_WORDS = {"parser_workers": "the number of CPUs, at least 2", "embedder_threads": "half of the CPUs"}


def docs_of_settings() -> list[str]:
    """The rows of the page's table, in the order of the fields."""
    return [
        f"| `{setting_name(name)}` | {default_of(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]


def default_of(name: str) -> str:
    default = Settings.model_fields[name].default
    assert default is not PydanticUndefined
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if name in IN_WORDS:
        return IN_WORDS[name]
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, dict):
        default = ",".join(f"{key}={_shown(value)}" for key, value in default.items())
    return "–" if default in (None, (), "") else f"`{default}`"


def _shown(value: object) -> str:
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)


def test_the_page_has_every_setting_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [row for row in docs_of_settings() if row not in page]
    assert missing == []


def test_the_page_has_no_setting_that_does_not_exist() -> None:
    in_tables = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(in_tables) == sorted(setting_name(name) for name in Settings.model_fields)
