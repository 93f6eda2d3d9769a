"""The `SessionStore` and `PersonalTokenStore` parts of the `MetadataStore` protocol, of which `base` tells
the rest and the errors: what proves who somebody is, stored as hashes.
"""

from typing import Protocol

from shared.domain import PersonalToken, RefreshToken, Session


class SessionStore(Protocol):
    async def add_refresh_token(self, token: RefreshToken) -> bool:
        """False, and nothing stored, if any token of its family is revoked: a replay seen between a
        rotation's claim and this call must not leave a live link behind."""

    async def refresh_token(self, token_hash: str) -> RefreshToken | None: ...

    async def claim_refresh_token(self, token_hash: str, *, now: float) -> RefreshToken | None:
        """Set `rotated_at` if it is unset and the token is neither revoked nor expired.

        Returns the token as it was BEFORE the call, None if unknown: one caller of many sees
        `rotated_at` None and has won.
        """

    async def revoke_family(self, family_id: str, *, now: float) -> None: ...

    async def revoke_user_tokens(self, user_id: str, *, now: float, spare: str | None = None) -> None:
        """All of a user's families but `spare`."""

    async def family_is_live(self, family_id: str, *, now: float) -> bool:
        """Whether any token of it is neither revoked nor expired."""

    async def sessions(self, user_id: str, *, now: float) -> list[Session]:
        """The user's live families, the one used last first."""

    async def purge_refresh_tokens(self, *, before: float) -> int:
        """Forget those that expired before then; how many."""


class PersonalTokenStore(Protocol):
    async def add_personal_token(self, token: PersonalToken) -> bool:
        """False, and nothing stored, if its id, its hash or its name among the user's own is taken."""

    async def personal_token(self, token_hash: str) -> PersonalToken | None:
        """Expired ones too. Asked with every request that brings such a token: fast."""

    async def personal_tokens(self, user_id: str) -> list[PersonalToken]:
        """By name, expired ones too."""

    async def remove_personal_token(self, token_id: str, *, user_id: str) -> bool:
        """False unless the user has it."""

    async def remove_personal_tokens(self, user_id: str) -> None:
        """All of a user's."""

    async def purge_personal_tokens(self, *, before: float) -> int:
        """Forget those that expired before then; how many."""
