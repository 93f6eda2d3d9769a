"""The audit trail: one log line per act that changes who may do what, and per refusal.

Called where the act is done, once it is done. A line is an event named `audit` with the same fields each
time, written whatever level the log has. Its values come from clients too: `logs` keeps every value on its
line and inside its field, and here each is cut to a length that no line suffers from.
"""

import hashlib
import logging
from typing import Literal

from shared.telemetry.logs import event
from shared.telemetry.origin import origin

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)  # a log that shows warnings only shows these nevertheless

Act = Literal[
    "registered",
    "signed_in",
    "signed_out",
    "refused",
    "password_changed",
    "token_created",
    "token_revoked",
    "session_ended",
    "shared",
    "deleted",
    "user_changed",
    "organisation_changed",
    "group_changed",
    "folder_changed",
    "index_changed",
    "documents_retried",
]

_MOST_CHARACTERS = 500  # of a field


def audit(
    act: Act,
    *,
    actor: str,
    subject: str = "",
    outcome: Literal["done", "refused"] = "done",
    reason: str = "",
    address: str = "",
) -> None:
    """Tell that `actor` did, or was refused, `act`.

    `actor` is a user's id, or what `pseudonym` makes of the address that somebody tried to sign in with;
    `subject` the ids of what it was done to. Never an e-mail address, a name, a password or a token.
    `address` is the request's unless it is given.
    """
    asked = origin.get()
    event(
        log,
        "audit",
        act=act,
        outcome=outcome,
        actor=actor[:_MOST_CHARACTERS],
        subject=subject[:_MOST_CHARACTERS],
        reason=reason[:_MOST_CHARACTERS],
        address=(address or asked.address)[:_MOST_CHARACTERS],
        request_id=asked.request_id,
    )


def pseudonym(email: str) -> str:
    """Stands for an e-mail address in the log: the same for the same address, so that guesses at one account
    can be counted, and an operator who knows an address can look for it. It is no secret that it keeps."""
    return "email:" + hashlib.sha256(email.strip().lower().encode("utf-8", "replace")).hexdigest()[:16]
