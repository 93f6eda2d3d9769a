"""Who may do what with a document; nothing else decides it. Called by query and the documents routes."""

import re

from shared.domain import Document, DocumentStatus, Principal

_DIRECTORY_READER = re.compile(r"(user|group):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def filter_for(principal: Principal) -> frozenset[str]:
    """The readers that a search on the principal's behalf is filtered by."""
    return principal.readers


def may_read(principal: Principal, document: Document) -> bool:
    """Deleted documents are nobody's to read."""
    return document.status is not DocumentStatus.DELETED and not document.readers.isdisjoint(
        principal.readers
    )


def is_directory_reader(reader: str) -> bool:
    """Whether it names a user or a group of Entra ID, by object id: there is no account here to look up."""
    return _DIRECTORY_READER.fullmatch(reader) is not None


def may_change(principal: Principal, document: Document) -> bool:
    """Replace, delete, share, retry: its owner, and administrators for what lies under shared/."""
    if document.owner_id is None:
        return principal.is_administrator
    return document.owner_id == principal.user_id


def may_retry(principal: Principal, document: Document) -> bool:
    """In a batch: it tells nothing of the document, and after an outage somebody has to bring all back."""
    return principal.is_administrator or may_change(principal, document)
