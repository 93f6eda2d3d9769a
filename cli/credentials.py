"""The sessions that `rag login` keeps: one file, which its owner alone may read. Used by cli.client.

Each host has one. The file is replaced as a whole, by one process at a time.
"""

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cli.errors import CommandError, NotSignedInError

_IS_POSIX = os.name == "posix"  # elsewhere the folder of a person's settings is theirs alone, and not locked
_ENDS_SOON = 30.0  # seconds: too few for a request that begins now


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How somebody is signed in at a host. A personal access token has nothing to renew it with."""

    email: str
    token: str
    ends_at: float | None = None  # of the token
    refresh_token: str | None = None

    @property
    def is_fresh(self) -> bool:
        return self.ends_at is None or time.time() < self.ends_at - _ENDS_SOON


@dataclass(frozen=True, kw_only=True)
class _Content:
    last: str | None  # the host that was signed in to last
    hosts: dict[str, Kept]


class Credentials:
    """Errors of all of it: `CommandError` for a file that others may read, or that is something else."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, address: str) -> Kept | None:
        return self._read().hosts.get(address)

    def last_address(self) -> str | None:
        return self._read().last

    def addresses(self) -> list[str]:
        return list(self._read().hosts)

    def keep(self, address: str, kept: Kept) -> None:
        with self._alone():
            self._write(_Content(last=address, hosts={**self._read().hosts, address: kept}))

    def forget(self, address: str) -> None:
        with self._alone():
            content = self._read()
            hosts = {each: kept for each, kept in content.hosts.items() if each != address}
            self._write(_Content(last=content.last if content.last in hosts else None, hosts=hosts))

    def fresh(self, address: str, renew: Callable[[Kept], Kept]) -> Kept:
        """The session, renewed where its token ends. Of two commands at once the second takes what the
        first was given: a refresh token is good for one use. Errors: `NotSignedInError`."""
        kept = self.find(address)
        if kept is not None and kept.is_fresh:
            return kept
        with self._alone():
            content = self._read()
            if (kept := content.hosts.get(address)) is None:
                raise NotSignedInError(f"nobody is signed in any more: run `rag login {address}`")
            if not kept.is_fresh:
                kept = renew(kept)
                self._write(replace(content, hosts={**content.hosts, address: kept}))
        return kept

    def _read(self) -> _Content:
        try:
            with self.path.open(encoding="utf-8") as file:
                if _IS_POSIX and os.fstat(file.fileno()).st_mode & 0o077:
                    raise CommandError(
                        f"{self.path} holds your sessions and others may read it; chmod 600 {self.path}"
                    )
                content = json.load(file)
            hosts = {address: Kept(**kept) for address, kept in content["hosts"].items()}
            return _Content(last=content["last"], hosts=hosts)
        except FileNotFoundError:
            return _Content(last=None, hosts={})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CommandError(f"{self.path} holds no sessions; remove it and sign in again") from error

    def _write(self, content: _Content) -> None:
        hosts = {address: asdict(kept) for address, kept in content.hosts.items()}
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".credentials")  # 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"last": content.last, "hosts": hosts}, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """The folder is what is locked: the file itself is replaced."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _IS_POSIX:
            yield
            return
        import fcntl

        descriptor = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
