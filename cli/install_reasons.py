"""What pip's complaints mean for somebody who starts this for the first time. Used by `cli.install`."""

import platform
import re
import sys
import tempfile

LEAST_FREE = 1_000  # MB: what the largest list takes, and what is unpacked on the way

_NO_ROOM = (
    "the disk is too full, some {gigabytes:g} GB are needed; packages go to {prefix}, and on the way through "
    "{temporary} (TMPDIR=/another/folder moves that)"
)
_NOT_WRITABLE = (
    "{prefix} is not yours to write; do it as the user who made it, or in an environment of your own "
    "(make up VENV=.venv-mine)"
)
_NO_PROXY = (
    "the proxy that HTTPS_PROXY names refuses or does not answer; it is written http://host:port, "
    "with name and password before the host where it wants them"
)
_NOT_TRUSTED = (
    "the certificate of the package index is not trusted; where a proxy looks into connections, name its "
    "authority's file: PIP_CERT=/path/to/authority.pem"
)
_NO_NETWORK = (
    "the package index does not answer; check the network. Behind a proxy set HTTPS_PROXY=http://host:port, "
    "for a mirror PIP_INDEX_URL=https://host/simple"
)
_OTHER_FILE = (
    "the package index has another file than the one that was locked, which is not installed; if you use a "
    "mirror, look at it"
)
_NO_BUILD = (
    "there is no build of {package} for {machine}; use Python 3.11 to 3.13 (make up PYTHON=python3.13) on "
    "x86-64 or arm64, under Linux or macOS"
)
# In this order: without a network there is "no matching distribution" either.
_MEANINGS = (
    (r"No space left on device|Disk quota exceeded", _NO_ROOM),
    (r"Permission denied|Read-only file system|Operation not permitted", _NOT_WRITABLE),
    (r"ProxyError|Cannot connect to proxy|Tunnel connection failed|407 Proxy", _NO_PROXY),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError", _NOT_TRUSTED),
    (
        r"NewConnectionError|NameResolution|ConnectTimeout|onnection |timed out|Network is un|Max retries",
        _NO_NETWORK,
    ),
    (r"DO NOT MATCH THE HASHES", _OTHER_FILE),
    (
        r"No matching distribution|not a supported wheel|Failed (to build|building)|exited-with-error",
        _NO_BUILD,
    ),
)
_PACKAGE = re.compile(r"(?:distribution found for|wheel for|build) ['`]?([\w.-]+(?:==[\w.]+)?)")


def explained(said: str) -> str:
    """One line, or nothing where the reason is none of these."""
    package = _PACKAGE.search(said)
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, said):
            return meaning.format(
                gigabytes=LEAST_FREE / 1000,
                prefix=sys.prefix,
                temporary=tempfile.gettempdir(),
                package=package[1] if package else "a package",
                machine=f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
            )
    return ""
