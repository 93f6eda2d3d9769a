"""Who asks, and how they prove it."""

from dataclasses import dataclass

EVERYONE = "everyone"  # the reader that every signed-in user is


def user_reader(user_id: str) -> str:
    """The entry in `readers` that names one user."""
    return f"user:{user_id}"


def group_reader(group_id: str) -> str:
    """The entry in `readers` that names a group, by its object id in Entra ID."""
    return f"group:{group_id}"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is asking, as their token proves it."""

    user_id: str
    email: str
    is_administrator: bool = False
    family_id: str = ""  # of the refresh tokens it was issued with; empty: a session of Entra ID
    groups: frozenset[str] = frozenset()  # ids, as the token tells them

    @property
    def readers(self) -> frozenset[str]:
        """Every entry of a document's `readers` that lets this principal in."""
        return frozenset({EVERYONE, user_reader(self.user_id), *map(group_reader, self.groups)})


@dataclass(frozen=True, kw_only=True)
class User:
    id: str
    email: str  # lower case, unique
    password_hash: str
    is_administrator: bool
    created_at: float
    is_disabled: bool = False


@dataclass(frozen=True, kw_only=True)
class RefreshToken:
    """One link of a family: every rotation adds a link, a replay revokes the family."""

    token_hash: str  # sha256 of the secret, hexadecimal
    family_id: str
    user_id: str
    issued_at: float
    expires_at: float
    rotated_at: float | None = None
    revoked_at: float | None = None
