"""How one may sign in here, told to whoever asks: the page before it shows its form. Used by api."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request

from functions.dependencies import RuntimeOf, ServicesOf
from shared.settings import Settings

router = APIRouter(tags=["accounts"])


@router.get("/api/auth/options")
async def sign_in_options(request: Request, runtime: RuntimeOf, services: ServicesOf) -> dict[str, Any]:
    """Whether one may register, and where the tenant of Entra ID signs in, if there is one for pages."""
    settings = runtime.settings
    is_open = settings.registration == "open"
    if not is_open and settings.entra_tenant_id is None and not request.app.state.has_accounts:
        # The first one may always register. Once somebody has, nobody is counted again.
        request.app.state.has_accounts = bool(await services.metadata.list_users())
        is_open = not request.app.state.has_accounts
    return {"registration": "open" if is_open else "closed", "entra": _entra(settings)}


def authority_origin(settings: Settings) -> str | None:
    """Where the page fetches the tenant's tokens, as a browser writes an origin."""
    if settings.entra_client_id is None:
        return None
    address = urlsplit(settings.entra_authority)
    return f"{address.scheme}://{address.netloc}"


def _entra(settings: Settings) -> dict[str, str] | None:
    """`/.default` asks for every scope that the page's registration was given of the API."""
    if settings.entra_client_id is None:
        return None
    return {
        "authority": f"{settings.entra_authority.rstrip('/')}/{settings.entra_tenant_id}",
        "client_id": settings.entra_client_id,
        "scope": f"openid profile offline_access {settings.entra_audience}/.default",
    }
