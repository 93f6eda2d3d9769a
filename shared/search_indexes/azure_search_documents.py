"""Chunks as documents of the search service, and its filters and search texts. Called by `azure_search`."""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any
from urllib.parse import quote, unquote

from shared.domain import Chunk, IndexedChunk, SearchQuery

READ = ("id", "document_id", "version", "ordinal", "page", "title", "heading", "content", "original")
SEARCHED = ("title", "heading", "content")

_MAX_CHARACTERS = 10_000  # of a query; a question is far shorter
_MAX_TERMS = 500  # the service refuses a query of more than 1,024 clauses
_PIECES = re.compile(r"\S{1,250}")  # longer words are cut by the service's tokenizer as well
_WIDE = "\u0e00"  # from here on, scripts whose characters may be a term each
_OPERATORS = re.compile(r'[-+|&!(){}\[\]^"~*?:\\/<>=\x00-\x1f\x7f]')
_DELIMITERS = tuple(chain("|,;", map(chr, range(0xE000, 0xF8FF))))


def key_of(chunk_id: str) -> str:
    """The chunk's id in the characters a key may have; `_` it may not begin with."""
    quoted = quote(chunk_id, safe="")
    return quoted.replace(".", "%2E").replace("~", "%7E").replace("_", "%5F").replace("%", "=")


def id_of(key: str) -> str:
    return unquote(key.replace("=", "%"))


def parts_of(chunk_id: str) -> tuple[str, int, int] | None:
    """Document id, version and ordinal; None if no chunk can have this id."""
    found = re.fullmatch(r"(.+)\.([0-9]{1,9})\.([0-9]{1,9})", chunk_id, re.ASCII | re.DOTALL)
    return (found[1], int(found[2]), int(found[3])) if found else None


def document_of(indexed: IndexedChunk) -> dict[str, Any]:
    """Its text is in the spelling that is searched; `original` keeps the author's, where it differs."""
    chunk = indexed.chunk
    written = (chunk.title, chunk.heading, chunk.content)
    spelled = tuple(map(one_spelling, written))
    return {
        "id": key_of(chunk.id),
        "document_id": chunk.document_id,
        "version": chunk.version,
        "ordinal": chunk.ordinal,
        "page": chunk.page,
        **dict(zip(SEARCHED, spelled, strict=True)),
        "original": None if spelled == written else json.dumps(written),
        "readers": sorted(indexed.readers),
        "embedding": [float(f"{number:.9g}") for number in indexed.embedding],  # all that a float32 has
    }


def chunk_of(document: Mapping[str, Any]) -> Chunk:
    """From the fields `READ`."""
    original = document["original"]
    title, heading, content = json.loads(original) if original else (document[name] for name in SEARCHED)
    return Chunk(
        id=id_of(document["id"]),
        document_id=document["document_id"],
        version=document["version"],
        ordinal=document["ordinal"],
        page=document["page"],
        title=title,
        heading=heading,
        content=content,
    )


def one_spelling(text: str) -> str:
    """Ligatures, widths and composed letters, which PDF files mix, become one; never a lone surrogate."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode())


def search_text(text: str) -> str | None:
    """Its words, without anything that is syntax to the service and within its limits; None: no word."""
    words: list[str] = []
    left = _MAX_TERMS
    for found in _PIECES.finditer(_OPERATORS.sub(" ", one_spelling(text[:_MAX_CHARACTERS]))):
        word = found.group()
        left -= max(1, sum(character >= _WIDE for character in word))
        if left < 0:
            break
        if any(map(str.isalnum, word)):
            words.append(word)
    return " ".join(words) or None


def security_filter(query: SearchQuery) -> str | None:
    """Only what its readers may see, in the documents it names; None: everything."""
    conditions = []
    if query.readers is not None:
        conditions.append(f"readers/any(reader: {_is_one_of('reader', query.readers)})")
    if query.document_ids is not None:
        conditions.append(_is_one_of("document_id", query.document_ids))
    return " and ".join(conditions) or None


def versions_filter(document_id: str, first: int = 0, last: int | None = None) -> str:
    until = "" if last is None else f" and version le {last}"
    return f"document_id eq {literal(document_id)} and version ge {first}{until}"


def keys_filter(keys: Collection[str]) -> str:
    return _is_one_of("id", keys)


def literal(text: str) -> str:
    """An OData string: the quote is its only special character."""
    return "'" + text.replace("'", "''") + "'"


def _is_one_of(field: str, values: Collection[str]) -> str:
    """The delimiter is one that none of the values has, so that no value can smuggle in another."""
    everything = "".join(values)
    delimiter = next(one for one in _DELIMITERS if one not in everything)
    return f"search.in({field}, {literal(delimiter.join(sorted(values)))}, '{delimiter}')"
