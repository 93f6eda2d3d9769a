"""What answers about people and their tokens look like. Used by shapes."""

from typing import Literal

from pydantic import Field

from functions.answer_shapes import Shape


class Nothing(Shape):
    pass


class Registered(Shape):
    user_id: str
    email: str
    is_administrator: bool


class TokenAnswer(Shape):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str
    scope: str


class EntraSignIn(Shape):
    authority: str
    client_id: str
    scope: str


class SignInOptions(Shape):
    registration: Literal["open", "closed"]
    entra: EntraSignIn | None


class OwnOrganisation(Shape):
    id: str
    name: str | None


class Me(Registered):
    manages_organisation: bool
    organisation: OwnOrganisation
    groups: list[str]
    scopes: list[str]


class SessionShape(Shape):
    id: str
    began_at: str
    used_at: str
    ends_at: str
    client: str
    is_current: bool


class SessionsList(Shape):
    sessions: list[SessionShape]


class PersonalTokenShape(Shape):
    id: str
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str


class NewPersonalToken(PersonalTokenShape):
    token: str


class PersonalTokensList(Shape):
    tokens: list[PersonalTokenShape]


class UserShape(Shape):
    id: str
    email: str
    organisation_id: str
    is_administrator: bool
    manages_organisation: bool
    is_disabled: bool
    created_at: str


class NewUserShape(UserShape):
    password: str | None = None  # one that was made, where none was given


class UsersList(Shape):
    users: list[UserShape]


class GroupShape(Shape):
    id: str
    organisation_id: str
    name: str
    is_member: bool
    created_at: str


class GroupMember(Shape):
    id: str
    email: str


class WholeGroup(GroupShape):
    members: list[GroupMember] = Field(default_factory=list)  # for who manages it


class GroupsList(Shape):
    groups: list[GroupShape]


class OrganisationShape(Shape):
    id: str
    name: str
    created_at: str


class OrganisationsList(Shape):
    organisations: list[OrganisationShape]


class FolderShape(Shape):
    path: str
    readers: list[str]


class FoldersList(Shape):
    folders: list[FolderShape]
