"""Which names blobs may have in Azure: those of the local folder but for one kind. Used by azure_blob."""

import re

from shared.blob_stores import folder_names

_DOT_AT_END = re.compile(r"\.(/|$)")


def fault_of(name: str) -> str | None:
    """Why this cannot be a blob's name here; None if it can.

    Dots at the end of a part: the service advises against them, since what lies between may cut them off.
    """
    if _DOT_AT_END.search(name):
        return "a part of it ends with a dot"
    return folder_names.fault_of(name)
