"""Where the next page of a list begins, as clients are told it: opaque. Used by the routes that list."""

import base64
import binascii

from shared.errors import InvalidRequest


def cursor(last: str) -> str:
    """For what is listed after `last`."""
    return base64.urlsafe_b64encode(last.encode()).decode("ascii")


def read_cursor(cursor: str) -> str:
    """Errors: `InvalidRequest`."""
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("`after` is the `next` of an earlier page") from error
