"""`rag config`: every setting as it holds here, and where it comes from. Called by cli.main.

Secrets are never shown, only that there is one, or the name by which the secret store knows it.
"""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from pydantic import AliasChoices, SecretStr, ValidationError

from cli.bulk.failures import printable
from cli.models import use_chosen
from cli.tables import Column, print_json, show
from shared.errors import ConfigError
from shared.settings import (
    AZURE_PLUGS,
    Settings,
    environment_names,
    read_settings,
    setting_name,
    unknown_settings,
)

DEFAULT = "default"
_MASK = "********"
_REFERENCE = "secret:"
_NEAR = 0.85
_OTHERS = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID")  # read by Azure's own libraries
_FILES = ("local.settings.json", ".env")


@dataclass(frozen=True, kw_only=True)
class Effective:
    name: str
    value: str | None
    source: str


def run(*, only_changed: bool, as_json: bool) -> bool:
    """Whether the settings can be used. Problems are lines of the standard error, or `problems` in JSON."""
    given = environment_names()
    use_chosen()
    problems = _problems()
    settings = _settings(problems)
    rows = [each for each in effective(settings, given) if not only_changed or each.source != DEFAULT]
    notes = [*_near_misses(), *_unread_files()]
    if as_json:
        print_json({"settings": [vars(row) for row in rows], "problems": problems, "notes": notes})
        return not problems
    show(
        [vars(row) for row in rows],
        Column(title="setting", value=lambda row: str(row["name"])),
        Column(title="value", value=lambda row: "–" if row["value"] is None else str(row["value"])),
        Column(title="from", value=lambda row: str(row["source"])),
    )
    for line in [*problems, *notes]:
        typer.echo(printable(line), err=True)
    return not problems


def effective(settings: Settings, given: frozenset[str]) -> Iterator[Effective]:
    """Every setting, in the order of their names. `given`: what the environment had from the beginning."""
    for name, field in sorted((setting_name(field), field) for field in Settings.model_fields):
        value = getattr(settings, field)
        yield Effective(name=name, value=_shown(value), source=_source(field, value, settings, given))


def _source(field: str, value: object, settings: Settings, given: frozenset[str]) -> str:
    alias = Settings.model_fields[field].validation_alias
    names = alias.choices if isinstance(alias, AliasChoices) else (setting_name(field),)
    written = {str(name).lower() for name in names}  # in whatever case
    if written & {name.lower() for name in given}:
        secret = _secret_named(value)
        return f"environment, {settings.secret_store} has it" if secret else "environment"
    if written & {name.lower() for name in environment_names()}:
        return "rag models use"
    if settings.profile == "azure" and field in AZURE_PLUGS:
        return "profile azure"
    return f"RAG_CHAT_MODEL={settings.chat_model}" if field in settings.model_fields_set else DEFAULT


def _secret_named(value: object) -> str | None:
    text = value.get_secret_value() if isinstance(value, SecretStr) else ""
    return text if text.startswith(_REFERENCE) else None


def _shown(value: object) -> str | None:
    if isinstance(value, SecretStr):
        return _secret_named(value) or _MASK
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or None
    return None if value is None else str(value)


def _problems() -> list[str]:
    try:
        read_settings()
    except ConfigError as error:
        return [
            _with_near(line) for line in str(error).removesuffix("; see docs/configuration.md").split("; ")
        ]
    return []


def _settings(problems: list[str]) -> Settings:
    """As they hold; where some are wrong, those that are not given."""
    nothing: dict[str, Any] = {}  # beside the environment
    try:
        return Settings(**nothing)
    except ValidationError:
        problems.append("until that is put right, the values above are the defaults")
        return Settings.model_construct()


def _with_near(line: str) -> str:
    """`RAG_EMBEDER is not a setting; RAG_EMBEDDER is`"""
    name = line.partition(" ")[0]
    near = _near(name) if name in unknown_settings() else None
    return f"{line}; {near} is" if near else line


def _near_misses() -> list[str]:
    """Entries without our prefix that nobody reads, and that look like one that is read."""
    known = {setting_name(field).lower() for field in Settings.model_fields}
    return [
        f"{name} is read by nobody here; {near} would be"
        for name in sorted(environment_names())
        if name.lower() not in known and not name.startswith("RAG_") and name not in _OTHERS
        if (near := _near(name)) is not None and near not in environment_names()
    ]


def _near(name: str) -> str | None:
    known = [setting_name(field) for field in Settings.model_fields]
    return next(iter(difflib.get_close_matches(name.upper(), known, n=1, cutoff=_NEAR)), None)


def _unread_files() -> list[str]:
    """Files beside which settings are looked for in vain."""
    return [
        f"{name} here has settings that `rag` does not read; put them into the environment"
        for name in _FILES
        if Path(name).is_file()
    ]
