"""TLS for stand-ins, where an SDK refuses to send a token over plain HTTP.

One certificate authority per test process and its children; clients trust it by the environment.
"""

import functools
import os
import ssl
from pathlib import Path

import trustme
from aiohttp import connector

from tests.servers.process import temporary_folder

_FOLDER = "TEST_TLS_FOLDER"
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")  # httpx and aiohttp; requests


@functools.cache
def trusted() -> Path:
    """The authority's folder (`ca.pem`, `server.pem`); from now on this process and its children trust it.

    `ca.pem` holds the machine's own authorities too: children of the tests also reach the package index.
    """
    if _FOLDER in os.environ:
        return _trusted_by_aiohttp(Path(os.environ[_FOLDER]))
    folder = temporary_folder("tls")
    authority = trustme.CA()
    own = ssl.get_default_verify_paths().cafile
    (folder / "ca.pem").write_bytes((Path(own).read_bytes() if own else b"") + authority.cert_pem.bytes())
    certificate = authority.issue_cert("localhost", "127.0.0.1", "*.localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    os.environ.update({_FOLDER: str(folder), **dict.fromkeys(_BUNDLES, str(folder / "ca.pem"))})
    return _trusted_by_aiohttp(folder)


def _trusted_by_aiohttp(folder: Path) -> Path:
    """It reads the environment when it is imported, which may have been before."""
    connector._SSL_CONTEXT_VERIFIED.load_verify_locations(folder / "ca.pem")
    return folder


def server_context() -> ssl.SSLContext:
    """For a stand-in's listening socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted() / "server.pem")
    return context
