"""Secrets that tests hand to the product, and how any secret is known that has come out of it again.

A test that needs a password or a key takes `planted("…")`. `tests/conftest.py` looks at everything that the
tests have logged and printed, `RealHost` at what its process has said, test_secrets_kept.py (tests/story) at
answers, metrics and files. What is new here must be found by test_planted.py (tests/unit).
"""

import base64
import re

_MARK = "pl4nted-s3cret"


def planted(what: str) -> str:
    """A secret that nobody else would write, long enough for a password."""
    return f"{_MARK} {what}"


def _encoded(text: str) -> list[str]:
    """As it stands in Base64 at each of its three offsets, without the characters that neighbours change."""
    found = []
    for offset in range(3):
        code = base64.b64encode(b"\0" * offset + text.encode()).decode().rstrip("=")
        found.append(code[(offset * 8 + 5) // 6 : -1])
    return found


_MARKS = [_MARK, _MARK[::-1], _MARK.encode().hex(), *_encoded(_MARK)]
_KINDS = {
    "a planted secret": "|".join(map(re.escape, _MARKS)),
    "a token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
    "a personal access token": r"\brag_[\w-]{43}[0-9a-f]{8}",
    "a bearer token": r"(?i:\bbearer)\s+[\w.~+/-]{20,}",
    "the hash of a password": r"\$argon2",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY|\"d\":\s*\"[\w-]{40,}\"",
    "a storage key": r"AccountKey=[\w+/]{8,}",
    "the signature of an address": r"[?&]sig=[\w%+/-]{16,}",
    "credentials in an address": r"\b\w+://[^\s/@:\"']*:[^\s/@\"'<>]+@",
}
_ANY = re.compile("|".join(f"(?P<k{number}>{pattern})" for number, pattern in enumerate(_KINDS.values())))
_NAMES = list(_KINDS)


def secrets_in(text: str) -> list[str]:
    """What kinds of secrets are in it, each with the words before it, by which its place is found."""
    found = []
    for match in _ANY.finditer(text):
        kind = _NAMES[int(str(match.lastgroup)[1:])]
        found.append(f"{kind} after {text[max(0, match.start() - 80) : match.start()]!r}")
    return found
