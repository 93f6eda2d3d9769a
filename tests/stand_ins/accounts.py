"""Accounts as a metadata store holds them, for tests that put them there themselves."""

from shared.domain import DEFAULT_ORGANISATION, User


def account(
    name: str, *, organisation_id: str = DEFAULT_ORGANISATION, is_administrator: bool = False
) -> User:
    return User(
        id=f"id of {name}",
        email=f"{name}@example.org",
        password_hash="hash",
        is_administrator=is_administrator,
        created_at=1.0,
        organisation_id=organisation_id,
    )
