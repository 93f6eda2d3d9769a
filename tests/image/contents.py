"""What lies in an image: LOOK tells it from inside, `complaints` says what of it must not be."""

import json
import re
from dataclasses import dataclass

# Runs in the image, as its user. Files by path with their mode; which of them that user may change.
LOOK = """
import json, os, sys
OTHER = ("/proc", "/sys", "/dev", "/tmp", "/data", "/run/.containerenv")
found = {"files": {}, "writable": [], "user": [os.getuid(), os.getgid(), *os.getgroups()]}
for folder, folders, names in os.walk("/"):
    folders[:] = [each for each in folders if os.path.join(folder, each) not in OTHER]
    for name in names:
        path = os.path.join(folder, name)
        if not os.path.islink(path) and path not in OTHER:
            status = os.lstat(path)
            found["files"][path] = [status.st_mode, status.st_size]
            owned = status.st_uid == os.getuid() or status.st_mode & 0o002
            if owned:
                found["writable"].append(path)
json.dump(found, sys.stdout)
"""
_SETUID_OR_SETGID = 0o6000
_TOOLS = re.compile(r"/bin/(pip|pip3|gcc|cc|make|strip|git|curl|wget|buildah|docker)$")
_LEFT_OUT = (
    "/app/tests",
    "/app/docs",
    "/app/infra",
    "/app/.git",
    "/app/.github",
    "/app/Makefile",
)
_SECRET_NAMES = re.compile(
    r"/(\.env|local\.settings\.json|pip\.conf|\.netrc|id_(rsa|ed25519)|.*\.(pfx|p12|key))$|/\.rag/|/\.git/"
)
_NOT_OURS = ("/etc/ssl/", "/usr/share/")  # the distribution's


@dataclass(frozen=True, kw_only=True)
class Contents:
    """`files`: mode and size by path."""

    files: dict[str, tuple[int, int]]
    writable: frozenset[str]
    user: tuple[int, ...]

    @classmethod
    def of(cls, told: str) -> "Contents":
        found = json.loads(told)
        return cls(
            files={path: (mode, size) for path, (mode, size) in found["files"].items()},
            writable=frozenset(found["writable"]),
            user=tuple(found["user"]),
        )


def complaints(contents: Contents) -> list[str]:
    """What an image of ours must not hold, a line each."""
    said = []
    for path, (mode, _) in contents.files.items():
        if mode & _SETUID_OR_SETGID:
            said.append(f"{path} runs with the rights of another user")
        if _TOOLS.search(path):
            said.append(f"{path} is a tool for building")
        if path.startswith(_LEFT_OUT):
            said.append(f"{path} does not belong to the product")
        if _SECRET_NAMES.search(path) and not path.startswith(_NOT_OURS):
            said.append(f"{path} may be a secret")
    said += [f"{path} can be changed by the app" for path in sorted(contents.writable)]
    if set(contents.user) != {10001}:
        said.append(f"it runs as {contents.user}")
    return said
