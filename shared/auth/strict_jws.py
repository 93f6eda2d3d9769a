"""What an access token must be, whoever signed it; asked by auth.tokens for our own and by auth.entra.

PyJWT computes signatures. Everything else about a token is decided here and by the two that ask, after
RFC 7515 (compact serialisation), RFC 7519 (claims) and RFC 8725 (best practices).

Whoever holds a token signed with ES256 can spell its signature in a second way, (r, n - s) for (r, s).
Both are taken: the claims are the same, and nothing here tells tokens apart by their signatures.
"""

import base64
import json
import re
import time
from collections.abc import Collection
from typing import NoReturn, TypeVar

import jwt
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import NotAuthenticated

SKEW = 60  # seconds that clocks may differ by
MAX_LENGTH = 16 * 1024
REFUSED = "the access token is not valid; sign in again"

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LAST_SECOND = 253_402_300_799  # of the year 9999
# They bring a key along, or change what is signed or how it is to be read.
_FORBIDDEN = {"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"}


class _Header(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")

    alg: str
    typ: str
    kid: str = Field(min_length=1, max_length=256)


class Claims(BaseModel):
    """What every token says. Nothing is converted; what has no default is required."""

    model_config = ConfigDict(strict=True)

    iss: str
    aud: str
    sub: str = Field(min_length=1)
    exp: int = Field(ge=0, le=_LAST_SECOND)
    nbf: int = Field(ge=0, le=_LAST_SECOND)
    iat: int = Field(ge=0, le=_LAST_SECOND)


AnyClaims = TypeVar("AnyClaims", bound=Claims)


def key_id_of(token: str, *, algorithm: str, types: Collection[str]) -> str:
    """The key that a token of this algorithm and one of these types names; nothing is proved yet.

    Errors: one `NotAuthenticated`, whatever is wrong with it.
    """
    if len(token) > MAX_LENGTH or not _COMPACT.fullmatch(token):
        raise NotAuthenticated(REFUSED)
    try:
        header = _Header.model_validate(_json(token.partition(".")[0]))
    except (ValueError, RecursionError) as error:
        raise NotAuthenticated(REFUSED) from error
    is_harmless = _FORBIDDEN.isdisjoint(header.model_extra or ())
    if header.alg != algorithm or header.typ not in types or not is_harmless:
        raise NotAuthenticated(REFUSED)
    return header.kid


def claims_of(token: str, key: jwt.PyJWK, model: type[AnyClaims]) -> AnyClaims:
    """What a token says that `key_id_of` let pass, once its signature and its times are found right.

    The key names the algorithm, never the token. Errors: one `NotAuthenticated`, whatever is wrong.
    """
    signed, _, signature = token.rpartition(".")
    try:
        if not key.Algorithm.verify(signed.encode("ascii"), key.key, _decoded(signature)):
            raise NotAuthenticated(REFUSED)
        claims = model.model_validate(_json(signed.partition(".")[2]))
    except (ValueError, RecursionError) as error:
        raise NotAuthenticated(REFUSED) from error
    if not max(claims.nbf, claims.iat) - SKEW <= time.time() < claims.exp + SKEW:
        raise NotAuthenticated(REFUSED)
    return claims


def _decoded(segment: str) -> bytes:
    content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii") != segment:
        raise ValueError("this is spelt otherwise than base64url spells it")
    return content


def _json(segment: str) -> object:
    # Decoded here: of bytes, json would take UTF-16 and UTF-32 too.
    content = json.loads(_decoded(segment).decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    # An escape can bring half a surrogate pair in, which no text can be written with: this refuses it.
    json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
