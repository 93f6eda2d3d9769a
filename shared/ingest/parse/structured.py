"""JSON and JSON lines: nested lists of `key: value`, tables for lists of like objects.

Called by `file.parse_file`.
"""

import json
from collections.abc import Iterator
from typing import TypeAlias

from shared.domain import ParsedDocument, ParsedPage
from shared.errors import DocumentRejected
from shared.ingest.parse.source import Source
from shared.ingest.parse.table import markdown_table
from shared.ingest.parse.title import choose_title

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"

MAX_DEPTH = 100
MAX_COLUMNS = 12
TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep; flatten it"


def parse(text: str, source: Source) -> ParsedDocument:
    try:
        value = _load(text)
    except RecursionError as error:
        raise DocumentRejected(TOO_DEEP) from error
    stated = value.get("title") if isinstance(value, dict) else None
    page = ParsedPage(number=1, text="\n".join(_render(value, 0)))
    title = choose_title(source.name, stated if isinstance(stated, str) else None)
    return ParsedDocument(title=title, pages=(page,), page_kind="section")


def _load(text: str) -> Json:
    text = text.lstrip("\ufeff")
    try:
        value: Json = json.loads(text)
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            value = [json.loads(line) for line in lines]
        except ValueError:
            raise DocumentRejected(f"is not valid JSON: {error}") from error
    return value


def _render(value: Json, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise DocumentRejected(TOO_DEEP)
    indent = "  " * max(0, depth - 1)
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _entry(f"{key}:", entry, depth)
    elif isinstance(value, list):
        if _is_table(value):
            yield from ("", _table(value), "")
        else:
            for number, entry in enumerate(value, 1):
                yield from _entry(f"{number}." if isinstance(entry, dict | list) else "", entry, depth)
    else:
        yield f"{indent}{_scalar(value)}"


def _entry(name: str, value: Json, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict | list):
        yield f"{indent}- {name}"
        yield from _render(value, depth + 1)
    else:
        yield f"{indent}- {name} {_scalar(value)}" if name else f"{indent}- {_scalar(value)}"


def _is_table(value: list[Json]) -> bool:
    """Two objects or more, of scalars only, that share their keys."""
    objects = [entry for entry in value if isinstance(entry, dict)]
    if len(objects) < 2 or len(objects) < len(value):
        return False
    keys = {key for entry in objects for key in entry}
    shared_keys = sum(len(entry) for entry in objects) * 2 >= len(keys) * len(objects)
    flat = not any(isinstance(cell, dict | list) for entry in objects for cell in entry.values())
    return flat and shared_keys and len(keys) <= MAX_COLUMNS


def _table(value: list[Json]) -> str:
    objects = [entry for entry in value if isinstance(entry, dict)]
    keys = list(dict.fromkeys(key for entry in objects for key in entry))
    return markdown_table([keys, *([_scalar(entry.get(key, "")) for key in keys] for entry in objects)])


def _scalar(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
