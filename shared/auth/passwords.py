"""Hashing and checking passwords: argon2id. Called by auth.sessions and auth.accounts.

Cost after the OWASP password storage cheat sheet: 19 MiB, two passes, one lane. At most two hashes
run at once and few wait, so that a burst of sign-ins can neither fill the memory nor take every core.

A password is any characters; the same ones count as the same however a keyboard writes them (NFKC, as NIST
SP 800-63B has it), and none is left out.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from shared.auth.common_passwords import is_guessable
from shared.errors import BackendUnavailable, InvalidRequest

T = TypeVar("T")

MIN_LENGTH = 8
MAX_LENGTH = 128
MOST_WAITING = 64  # some two seconds of work; whoever comes then is told to come again
_MEMORY_KIB = 19 * 1024


class Passwords:
    """Errors of all that hashes: `BackendUnavailable` while too many wait for it."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=_MEMORY_KIB, parallelism=1, type=Type.ID)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="passwords")
        self._waiting = 0  # and the two that run

    async def hash(self, password: str, *, email: str = "") -> str:
        """Of a new password, for the account of this address.

        Errors: `InvalidRequest` unless it has 8 to 128 characters and is none that is guessed first.
        """
        written = _normalised(password)
        if not MIN_LENGTH <= len(written) <= MAX_LENGTH:
            raise InvalidRequest(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
        return await self._run(lambda: self._hash_new(written, email))

    async def rehash(self, password: str) -> str:
        """Of a password that is in use, whatever is asked of new ones by now."""
        return await self._run(lambda: self._hash(_normalised(password)))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether they belong together; None, for an unknown account, takes the time of a wrong password."""
        written = _normalised(password)
        known = password_hash if len(written) <= MAX_LENGTH else None
        matches = await self._run(lambda: self._matches(written[:MAX_LENGTH], known))
        return known is not None and matches

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether it was made at another cost than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash("nobody's password")

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise BackendUnavailable("too many passwords are being checked; try again", retry_after=2.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_bytes(password))

    def _hash_new(self, password: str, email: str) -> str:
        if is_guessable(password, email):
            raise InvalidRequest("this password is among the first that are guessed; choose another one")
        return self._hash(password)

    def _matches(self, password: str, password_hash: str | None) -> bool:
        decoy = self._decoy  # made with the first check of all, whoever that is of
        try:
            return self._hasher.verify(decoy if password_hash is None else password_hash, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False


def _normalised(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
