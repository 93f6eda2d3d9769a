"""Who asks, and how they prove it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

EVERYONE = "everyone"  # the reader that every signed-in user is, of whatever organisation
DEFAULT_ORGANISATION = "default"  # its id; there always is this one, and the tenant's people belong to it

Scope: TypeAlias = Literal["query", "ingest", "admin"]
EVERY_SCOPE: frozenset[Scope] = frozenset(get_args(Scope))


def user_reader(user_id: str) -> str:
    """The entry in `readers` that names one user."""
    return f"user:{user_id}"


def group_reader(group_id: str) -> str:
    """The entry in `readers` that names a group: one of ours (32 digits) or of Entra ID (a GUID)."""
    return f"group:{group_id}"


def organisation_reader(organisation_id: str) -> str:
    """The entry in `readers` that names everyone of an organisation."""
    return f"organisation:{organisation_id}"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is asking, as their token proves it and, for accounts of ours, the metadata store knows them."""

    user_id: str
    email: str
    is_administrator: bool = False  # of the installation
    manages_organisation: bool = False  # their own: its users, groups, folders
    family_id: str = ""  # of the refresh tokens it was issued with; empty: no session of ours
    organisation_id: str = DEFAULT_ORGANISATION
    groups: frozenset[str] = frozenset()  # ids
    scopes: frozenset[Scope] = EVERY_SCOPE  # what the token may be used for

    @property
    def readers(self) -> frozenset[str]:
        """Every entry of a document's `readers` that lets this principal in."""
        own = {EVERYONE, user_reader(self.user_id), organisation_reader(self.organisation_id)}
        return frozenset(own.union(map(group_reader, self.groups)))


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """Whose people may share with one another. No document of one is ever told of to another's."""

    id: str
    name: str  # unique, whatever its case
    created_at: float


@dataclass(frozen=True, kw_only=True)
class Group:
    id: str  # 32 hexadecimal digits
    organisation_id: str
    name: str  # unique in its organisation, whatever its case
    created_at: float


@dataclass(frozen=True, kw_only=True)
class User:
    id: str
    email: str  # lower case, unique
    password_hash: str
    is_administrator: bool  # of the installation
    created_at: float
    is_disabled: bool = False
    organisation_id: str = DEFAULT_ORGANISATION  # for good
    manages_organisation: bool = False


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An account that is not disabled, with the groups it is in at this moment."""

    user: User
    groups: frozenset[str]


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
    began_at: float | None = None  # when the family did; None: with this link
    client: str = ""  # what signed in, as it called itself


@dataclass(frozen=True, kw_only=True)
class Session:
    """Where somebody is signed in: a family of refresh tokens that is neither revoked nor expired."""

    id: str  # of the family
    began_at: float
    used_at: float  # when its last token was issued
    expires_at: float  # unless it is used before
    client: str


@dataclass(frozen=True, kw_only=True)
class PersonalToken:
    """A token that a user made for a machine, which acts as this user within `scopes`."""

    id: str  # 32 hexadecimal digits
    token_hash: str  # sha256 of the secret, hexadecimal
    user_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: float
    expires_at: float


@dataclass(frozen=True, kw_only=True)
class FolderDefault:
    """Who may read what is new in a folder, besides its owner."""

    folder: str  # a prefix of blob names that ends with a slash: `shared/hr/`, `users/<user id>/plans/`
    readers: frozenset[str]
