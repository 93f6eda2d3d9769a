"""Hashing and checking passwords: argon2id. Called by auth.sessions.

Cost after the OWASP password storage cheat sheet: 19 MiB, two passes, one lane. At most two hashes
run at once, so that a burst of sign-ins can neither fill the memory nor take every core.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import InvalidRequest

MIN_LENGTH = 8
MAX_LENGTH = 128
_MEMORY_KIB = 19 * 1024


class Passwords:
    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=_MEMORY_KIB, parallelism=1, type=Type.ID)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="passwords")

    async def hash(self, password: str) -> str:
        """Errors: `InvalidRequest` unless it has 8 to 128 characters."""
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise InvalidRequest(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether they belong together; None, for an unknown account, takes the time of a wrong password."""
        known = password_hash is not None and len(password) <= MAX_LENGTH
        matches = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._matches, password[:MAX_LENGTH], password_hash if known else None
        )
        return known and matches

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether it was made at another cost than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash("nobody's password")

    def _matches(self, password: str, password_hash: str | None) -> bool:
        try:
            return self._hasher.verify(self._decoy if password_hash is None else password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
