"""`LocalSecrets`: secrets from the environment, else from files that only their owner can read. Built by
compose, which passes the environment's entries in."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from shared.errors import BackendUnavailable, ConfigError
from shared.secret_stores.base import SecretVersion, check_name


class LocalSecrets:
    """`jwt-signing-key` is the entry `RAG_SECRET_JWT_SIGNING_KEY`, else the file `folder/jwt-signing-key`.

    An empty entry counts as none, and a line break at a file's end does not belong to the secret.
    Errors: `ConfigError` for a name or a file that cannot be used, `BackendUnavailable`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    async def get(self, name: str) -> str | None:
        return next((version.value for version in await self.versions(name)), None)

    async def versions(self, name: str) -> list[SecretVersion]:
        """The one there is; as old as its file."""
        if given := self._given(name):
            return [SecretVersion(value=given, created_at=0.0)]
        stored = await asyncio.to_thread(self._read, name)
        return [] if stored is None else [stored]

    async def get_or_create(self, name: str, create: Callable[[], str]) -> str:
        given = self._given(name)
        return await asyncio.to_thread(self._read_or_create, name, create) if given is None else given

    async def close(self) -> None:
        """Nothing is held open."""

    def _given(self, name: str) -> str | None:
        check_name(name)
        return self._environment.get(f"RAG_SECRET_{name.upper().replace('-', '_')}") or None

    def _read(self, name: str) -> SecretVersion | None:
        path = self._folder / name
        try:
            with path.open(encoding="utf-8") as file:
                written_at = os.fstat(file.fileno()).st_mtime
                secret = file.read().rstrip("\r\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BackendUnavailable(
                f"secret {name} cannot be read: {error.strerror}; check {path}"
            ) from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"secret {name} is not UTF-8 text; replace {path}") from error
        if not secret:
            raise ConfigError(f"secret {name} is empty; fill or delete {path}")
        return SecretVersion(value=secret, created_at=written_at)

    def _read_or_create(self, name: str, create: Callable[[], str]) -> str:
        stored = self._read(name)
        while stored is None:
            try:
                self._offer(name, create())
            except OSError as error:
                raise BackendUnavailable(
                    f"secret {name} cannot be written: {error.strerror}; check {self._folder}"
                ) from error
            stored = self._read(name)
        return stored.value

    def _offer(self, name: str, secret: str) -> None:
        """Make it the stored one, whole and synced, unless another process was faster."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=self._folder, prefix=".draft-")  # its mode is 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secret)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, self._folder / name)
        except FileExistsError:
            return  # theirs is the one
        finally:
            Path(draft).unlink()
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
