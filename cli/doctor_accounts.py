"""The checks of `rag doctor` on what lets people in: the key of our own tokens, and those of Entra ID."""

import base64
import json

from cli.doctor_findings import Check, ok
from shared.auth.entra import EntraTokens
from shared.auth.keys import create_key, read_keys
from shared.errors import NotAuthenticated
from shared.secret_stores.base import SecretStore

SIGNING_KEY = "jwt-signing-key"


async def check_secrets(secrets: SecretStore) -> Check:
    """The signing key is there, or can be made as the first start would, and is a key."""
    versions = await secrets.versions(SIGNING_KEY)
    if not versions:
        read_keys(await secrets.get_or_create(SIGNING_KEY, create_key))
        yield ok(f"{SIGNING_KEY} was not there and has been created")
        return
    keys = {key.id for version in versions for key in read_keys(version.value)}
    in_force = f"; {len(keys)} keys are in force, while it is changed" if len(keys) > 1 else ""
    yield ok(f"{SIGNING_KEY} can be read{in_force}")


async def check_entra(tokens: EntraTokens) -> Check:
    """A token with an unknown key is refused, which takes the tenant's keys; without them it is an error."""
    header = base64.urlsafe_b64encode(
        json.dumps({"alg": "RS256", "typ": "JWT", "kid": "rag-doctor"}).encode()
    )
    try:
        await tokens.verify(f"{header.decode().rstrip('=')}.e30.e30")
    except NotAuthenticated:
        yield ok("the tenant's keys can be read")
