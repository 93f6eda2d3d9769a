"""Which files a command takes, and the names that their documents get. Called by `cli.ingest`."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cli.bulk.failures import Failure, printable
from cli.errors import CommandError
from shared.errors import InvalidRequest
from shared.ingest import documents

# What desktops, editors and tools leave beside the files of people.
_LEFT_OUT = (".*", "~$*", "*~", "__pycache__", "__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFile:
    path: Path
    name: str  # of the blob that it becomes
    size: int


@dataclass(frozen=True, kw_only=True)
class Selection:
    files: tuple[LocalFile, ...]
    failures: tuple[Failure, ...]  # what cannot even be looked at
    left_out: int  # hidden, temporary and excluded files and folders, links to folders


def find_files(
    paths: Iterable[Path],
    *,
    under: str = "shared",
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> Selection:
    """Files keep their own name, or their path inside the folder that was named, below the folder `under`.

    The patterns are a shell's, for the name or the path inside the folder. Links to files are followed,
    links to folders are not, so no loop can catch us.
    Errors: `CommandError` for a path or an `under` that cannot be, and for two files of one name.
    """
    search = _Search(under, include=include, exclude=exclude)
    for path in paths:
        if path.is_dir():
            search.add_folder(path)
        elif path.is_file():
            search.add_file(path, path.name)
        else:
            raise CommandError(f"{printable(str(path))} is not there")
    return Selection(
        files=tuple(search.found.values()), failures=tuple(search.failures), left_out=search.left_out
    )


class _Search:
    def __init__(self, under: str, *, include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
        self.found: dict[str, LocalFile] = {}
        self.failures: list[Failure] = []
        self.left_out = 0
        self._root, self._folder = _target(under)
        self._include, self._exclude = _patterns(include), _patterns(exclude)

    def add_folder(self, top: Path) -> None:
        for folder, folders, files in os.walk(top, onerror=self._note):
            inside = Path(folder).relative_to(top)
            folders[:] = [
                name for name in sorted(folders) if self._may_enter(Path(folder, name), inside / name)
            ]
            for name in sorted(files):
                if _matches(inside / name, _LEFT_OUT):
                    self.left_out += 1
                else:
                    self.add_file(Path(folder, name), (inside / name).as_posix())

    def add_file(self, path: Path, relative: str) -> None:
        inside = Path(relative)
        if _matches(inside, self._exclude) or (self._include and not _matches(inside, self._include)):
            self.left_out += 1
            return
        try:
            looked_at = path.stat()
            name = _name(self._root, self._folder, relative)
        except OSError as error:
            self._note(error)
        except InvalidRequest as error:
            self.failures.append(Failure(name=str(path), reason=str(error)))
        else:
            if stat.S_ISREG(looked_at.st_mode):
                self._take(LocalFile(path=path, name=name, size=looked_at.st_size))
            else:  # a pipe, a socket: nothing that would end
                self.left_out += 1

    def _take(self, file: LocalFile) -> None:
        other = self.found.setdefault(file.name, file)
        if other is not file and not other.path.samefile(file.path):
            both = f"{printable(str(other.path))} and {printable(str(file.path))}"
            raise CommandError(
                f"{both} would both become {file.name}; ingest them apart, with another --under"
            )

    def _may_enter(self, path: Path, inside: Path) -> bool:
        is_out = _matches(inside, _LEFT_OUT) or _matches(inside, self._exclude) or path.is_symlink()
        self.left_out += is_out
        return not is_out

    def _note(self, error: OSError) -> None:
        path = Path(error.filename)
        why = (
            "it is a link that leads nowhere" if path.is_symlink() else f"it cannot be read: {error.strerror}"
        )
        self.failures.append(Failure(name=str(path), reason=why))


def _target(under: str) -> tuple[str, str]:
    """(`shared/`, an organisation's or a user's folder, the folder inside)."""
    parts = under.strip("/").split("/")
    depth = 2 if parts[0] in ("users", "organisations") and len(parts) > 1 else 1
    root, folder = "/".join(parts[:depth]) + "/", "".join(f"{part}/" for part in parts[depth:])
    try:
        if not documents.default_readers(root + "file"):
            raise InvalidRequest("nobody could read it")
        _name("", f"{root}{folder}", "file")
    except InvalidRequest as error:
        takes = "--under takes shared, organisations/ORGANISATION-ID, users/USER-ID or a folder in one"
        raise CommandError(f"{takes}, not {printable(under)}: {error}") from error
    return root, folder


def _name(root: str, folder: str, relative: str) -> str:
    """By the rules for uploads, which are the same in every folder. Errors: `InvalidRequest`."""
    checked = documents.blob_name(f"{documents.SHARED}{folder}{relative}", "")
    return root + checked.removeprefix(documents.SHARED)


def _patterns(given: tuple[str, ...]) -> tuple[str, ...]:
    """A star crosses folders here, so that `**/` and a closing slash say nothing more."""
    return tuple(pattern.removeprefix("**/").rstrip("/") for pattern in given)


def _matches(inside: Path, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in _names_of(inside))


def _names_of(inside: Path) -> Iterator[str]:
    yield inside.name
    yield inside.as_posix()
