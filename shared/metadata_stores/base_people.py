"""The `UserStore` and `PeopleStore` parts of the `MetadataStore` protocol, of which `base` tells the rest
and the errors: accounts, organisations, groups, and who may read what is new in a folder.
"""

import unicodedata
from collections.abc import Sequence
from typing import Protocol

from shared.domain import DEFAULT_ORGANISATION, FolderDefault, Group, Organisation, Standing, User

THE_DEFAULT = Organisation(id=DEFAULT_ORGANISATION, name="Default", created_at=0.0)  # until it is renamed


def name_key(name: str) -> str:
    """The same for names that differ in nothing but case or in how their characters are written."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


class UserStore(Protocol):
    async def add_user(self, user: User, *, first_is_administrator: bool) -> User | None:
        """None if the email (or the id) is taken. With `first_is_administrator` the first user of an
        empty store becomes one, decided in the same atomic step."""

    async def user(self, user_id: str) -> User | None: ...

    async def user_by_email(self, email: str) -> User | None: ...

    async def set_password_hash(
        self, user_id: str, password_hash: str, *, replaces: str | None = None
    ) -> bool:
        """Whether it was set: not for an unknown user, and not in place of another one than `replaces`
        (None: of any)."""

    async def list_users(self, *, organisation_id: str | None = None) -> list[User]:
        """By email, those of the organisation (None: all)."""

    async def set_user(
        self,
        user_id: str,
        *,
        is_disabled: bool | None = None,
        is_administrator: bool | None = None,
        manages_organisation: bool | None = None,
    ) -> User | None:
        """What is None stays. The user as stored then; None, and nothing changed, for an unknown one and
        for the last administrator of the installation who is not disabled, if they would be that no more."""

    async def standing(self, user_id: str) -> Standing | None:
        """None for an unknown or disabled user. Asked with every request that has a token: fast."""


class PeopleStore(Protocol):
    """There always is the organisation `THE_DEFAULT`. Names differ if their `name_key` does; lists are in
    its order."""

    async def add_organisation(self, organisation: Organisation) -> bool:
        """False, and nothing stored, if its id or name is taken."""

    async def organisations(self) -> list[Organisation]:
        """By name."""

    async def rename_organisation(self, organisation_id: str, name: str) -> bool:
        """False for an unknown one and where the name is taken."""

    async def remove_organisation(self, organisation_id: str) -> bool:
        """With its groups. False for an unknown one, the default one and one that has users."""

    async def add_group(self, group: Group) -> bool:
        """False, and nothing stored, if its id is taken, its name is in its organisation, or there is no
        such organisation."""

    async def group(self, group_id: str) -> Group | None: ...

    async def groups(self, organisation_id: str) -> list[Group]:
        """By name."""

    async def rename_group(self, group_id: str, name: str) -> bool:
        """False for an unknown one and where the name is taken in its organisation."""

    async def remove_group(self, group_id: str) -> bool:
        """Its members are in it no more. False for an unknown one."""

    async def add_member(self, group_id: str, user_id: str) -> bool:
        """Whether they are in it then: both exist and belong to one organisation."""

    async def remove_member(self, group_id: str, user_id: str) -> bool:
        """Whether they were in it."""

    async def members(self, group_id: str) -> list[User]:
        """By email."""

    async def set_folder_default(self, folder: FolderDefault) -> None:
        """In place of what it had; without readers it has none any more."""

    async def folder_defaults(self, folders: Sequence[str]) -> list[FolderDefault]:
        """Of these folders, those that have one."""

    async def list_folder_defaults(self, *, prefix: str) -> list[FolderDefault]:
        """By folder, those that begin with the prefix."""
