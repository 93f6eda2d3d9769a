"""Every error the product raises on purpose; the edge maps each to one HTTP status.

RagError
├── ConfigError              the start stops: a setting is missing, unknown or does not fit
├── InvalidRequest      400  the caller's input cannot be used
│   ├── TooLarge        413
│   └── UnsupportedType 415
├── NotAuthenticated    401  no token, or one that must be refused
├── AccessDenied        403  a valid principal without the right
├── NotFound            404  missing, or not the caller's to see
├── Conflict            409  the state of the thing forbids it
├── RateLimited         429  with the seconds to wait
├── BackendUnavailable  503  a service behind us cannot be reached; with the seconds to wait
│   ├── BackendTimeout  504  it did not answer before the deadline
│   ├── Throttled            it answers, but we ask more than it lets us
│   └── Refused              it answers, but not to this request
└── DocumentRejected         ingestion: this file can never be indexed; the reason is for people
"""


class RagError(Exception):
    """Root of the tree. `str(error)` is safe to show to the caller."""


class ConfigError(RagError):
    """The environment is wrong; the message names the setting and the fix."""


class InvalidRequest(RagError):
    pass


class TooLarge(InvalidRequest):
    pass


class UnsupportedType(InvalidRequest):
    pass


class NotAuthenticated(RagError):
    pass


class AccessDenied(RagError):
    pass


class NotFound(RagError):
    pass


class Conflict(RagError):
    pass


class RateLimited(RagError):
    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class BackendUnavailable(RagError):
    def __init__(self, message: str, *, retry_after: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class BackendTimeout(BackendUnavailable):
    pass


class Throttled(BackendUnavailable):
    """`retry_after` is what the service says: earlier it will refuse everybody who shares the quota."""


class Refused(BackendUnavailable):
    """Asking the same again changes nothing, and others are not concerned: say, a content filter."""


class DocumentRejected(RagError):
    """A permanent failure of one document: encrypted, corrupt, empty, too large, unsupported.

    The message reads on from "the file …": "is password-protected; upload an unprotected copy".
    """
