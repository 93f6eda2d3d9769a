"""Which documents a question is narrowed to. Called by `query.retrieve`, which checks every hit by it, and
by the metadata stores, which name all the documents that fit."""

from functools import lru_cache
from typing import NamedTuple

from shared.domain import Document, Filters

_SPELLINGS = (("htm", "html"), ("jpg", "jpeg"), ("md", "markdown"), ("yml", "yaml"))  # of one type each


class Filed(NamedTuple):
    """What of a document decides."""

    name: str
    owner_id: str | None
    tags: frozenset[str]
    indexed_at: float | None


def fits(document: Document | Filed, filters: Filters) -> bool:
    """Folder and type are those of the name as people see it: without the folder of its owner."""
    name = document.name.removeprefix(f"users/{document.owner_id}/")
    indexed_at = document.indexed_at
    return (
        (filters.folder is None or name.startswith(f"{filters.folder}/"))
        and (not filters.types or _ending(name) in endings(filters.types))
        and (not filters.tags or not filters.tags.isdisjoint(document.tags))
        and (filters.since is None or (indexed_at is not None and indexed_at >= filters.since))
        and (filters.until is None or (indexed_at is not None and indexed_at <= filters.until))
    )


@lru_cache
def endings(types: frozenset[str]) -> frozenset[str]:
    """The types in each of their spellings."""
    return types.union(*(spellings for spellings in _SPELLINGS if not types.isdisjoint(spellings)))


def _ending(name: str) -> str:
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    # In ASCII, so that databases, which fold the case of others differently, agree.
    return ending.lower() if stem and ending.isascii() else ""
