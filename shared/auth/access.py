"""Who may do what with documents, folders and people; nothing else decides it. Called by routes and query.

To administer opens no document: administrators read what they are readers of.
"""

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
    """Replace, delete, share, retry: its owner, or whoever keeps the folder of what has none."""
    if document.owner_id is None:
        return may_keep(principal, document.name)
    return document.owner_id == principal.user_id


def may_keep(principal: Principal, blob_name: str) -> bool:
    """Put documents, or defaults, where nobody is the owner: an organisation's folder is kept by those who
    manage it too, all else by who administers the installation."""
    return may_manage(principal, organisation_of(blob_name))


def may_manage(principal: Principal, organisation_id: str | None) -> bool:
    """Its users, groups and folders. None is nobody's organisation."""
    is_theirs = principal.manages_organisation and principal.organisation_id == organisation_id
    return principal.is_administrator or is_theirs


def organisation_of(blob_name: str) -> str | None:
    """The id of the organisation in whose folder it lies: `organisations/<organisation id>/<path>`."""
    parts = blob_name.split("/", 2)
    is_one = len(parts) == 3 and parts[0] == "organisations" and parts[1] != ""
    return parts[1] if is_one else None


def may_retry(principal: Principal, document: Document) -> bool:
    """In a batch: it tells nothing of the document, and after an outage somebody has to bring all back."""
    return principal.is_administrator or may_change(principal, document)
