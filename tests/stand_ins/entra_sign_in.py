"""The pages of Entra ID that a person signs in and out on, and the tokens that a page gets for it.

Part of entra_server. As strict as the original is about a page: a registered address, S256,
a code used once, tokens for requests of another origin alone, refresh tokens that rotate. Unsure: that an old
refresh token is refused at once, as it is here.
"""

import base64
import hashlib
import html
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.stand_ins.entra_tenant import AUDIENCE, LIFE, TENANT, Tenant

PAGE_ID = "cccccccc-bbbb-4ccc-8ddd-eeeeeeeeeeee"  # client id of the chat page
PERSON = "12121212-3434-4565-8787-909090909090"
_DECLINED = "AADSTS65004: User declined to consent to access the app. Trace ID: 1-2-3 Correlation ID: 4-5-6"
_HEAD = "<!doctype html><link rel='icon' href='data:,'>"  # a browser would ask for one
_SCOPE = f"openid profile offline_access {AUDIENCE}/.default"

Answer = tuple[int, dict[str, Any]]


@dataclass(kw_only=True)
class SignIns:
    """`addresses` are the redirect addresses of the page's registration; `claims` go into access tokens."""

    tenant: Tenant
    addresses: set[str] = field(default_factory=set)
    claims: dict[str, Any] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def page(self, query: str) -> bytes:
        """Where a person says yes or no; both lead back to the page that asked."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        wrong = self._wrong_question(asked)
        if wrong:
            return f"<h1>Sorry, but we’re having trouble signing you in.</h1><p>{html.escape(wrong)}".encode()
        code = secrets.token_urlsafe(24)
        self._codes[code] = asked
        yes = {"code": code, "state": asked["state"], "session_state": "1"}
        no = {"error": "access_denied", "error_description": _DECLINED, "state": asked["state"]}
        links = (
            f'<a href="{html.escape(asked["redirect_uri"] + "#" + urlencode(answer))}">{name}</a>'
            for name, answer in (("Accept", yes), ("Cancel", no))
        )
        return (_HEAD + "<h1>Permissions requested</h1>" + " ".join(links)).encode()

    def way_back(self, query: str) -> str:
        """Where signing out leads. Errors: `KeyError` for an address that is not registered."""
        [address] = parse_qs(query)["post_logout_redirect_uri"]
        return {each: each for each in self.addresses}[address]

    def grant(self, form: dict[str, str], origin: str | None) -> Answer:
        """Tokens for a code or for a refresh token."""
        if origin is None or origin not in self.origins:
            return refusal(
                "invalid_request", 9002327, "Tokens may only be redeemed via cross-origin requests."
            )
        if form.get("scope") != _SCOPE:
            return refusal(
                "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid."
            )
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return refusal("invalid_grant", 700084, "The refresh token was issued to a single page app.")
            self.refresh_tokens.remove(form["refresh_token"])
            return 200, self._tokens(nonce=None)
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return refusal("invalid_grant", 70008, "The provided authorization code has expired.")
        if challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
            return refusal("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge.")
        return 200, self._tokens(nonce=asked["nonce"])

    @property
    def origins(self) -> set[str]:
        return {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, self.addresses)}

    def _wrong_question(self, asked: dict[str, str]) -> str | None:
        if asked.get("client_id") != PAGE_ID:
            return "AADSTS700016: Application with this identifier was not found in the directory."
        if asked.get("redirect_uri") not in self.addresses:
            return "AADSTS50011: The redirect URI specified in the request does not match."
        told = {"response_type": "code", "response_mode": "fragment", "scope": _SCOPE}
        told["code_challenge_method"] = "S256"
        wrong = [name for name, value in told.items() if asked.get(name) != value]
        lacking = [name for name in ("state", "nonce", "code_challenge") if len(asked.get(name, "")) < 32]
        return f"AADSTS900144: {', '.join(wrong + lacking)}" if wrong or lacking else None

    def _tokens(self, *, nonce: str | None) -> dict[str, Any]:
        refresh_token = secrets.token_urlsafe(24)
        self.refresh_tokens.add(refresh_token)
        about = {"aud": PAGE_ID, "nonce": nonce, "name": "Zoë Müller", "scp": ...}
        return {
            "token_type": "Bearer",
            "scope": f"{AUDIENCE}/access_as_user",
            "expires_in": LIFE,
            "access_token": self.tenant.token(oid=PERSON, **self.claims),
            "refresh_token": refresh_token,
            "id_token": self.tenant.token(oid=PERSON, **about),
        }


def challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def refusal(error: str, code: int, text: str, *, status: int = 400) -> Answer:
    words = f"AADSTS{code}: {text} Trace ID: 1-2-3 Correlation ID: 4-5-6 Timestamp: 2026-01-01 00:00:00Z"
    return status, {"error": error, "error_description": words, "error_codes": [code]}


def path_of(name: str) -> str:
    return f"/{TENANT}/oauth2/v2.0/{name}"
