"""The settings that decide who gets in and for how long. Part of `shared.settings`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class AccountSettings(BaseSettings):
    registration: Literal["open", "closed"] = Field(
        "open",
        description="Whether anybody may register. The first account, which administers, always may, unless "
        "a tenant of Entra ID signs in.",
    )
    registrations_per_hour: int = Field(
        20, ge=0, description="Registrations from one client's address in an hour; 0: no limit."
    )
    failed_sign_ins: int = Field(
        100,
        ge=0,
        description="Sign-ins from one client's address that may fail in a quarter of an hour, whatever the "
        "accounts; 0: no limit.",
    )
    token_issuer: str = Field("rag-functions", description="`iss` of access tokens.")
    token_audience: str = Field("rag-functions", description="`aud` of access tokens.")
    access_token_minutes: int = Field(15, ge=1, le=1440, description="Life of an access token.")
    refresh_token_days: int = Field(
        30, ge=1, le=365, description="Life of a refresh token: a session that is not used ends after it."
    )
    session_days: int = Field(
        90, ge=1, le=3650, description="A session ends so long after its sign-in, however much it is used."
    )
    credentials: Path | None = Field(
        None,
        description="File in which `rag login` keeps sessions; none: `rag-functions/credentials.json` in the "
        "folder where the system keeps settings of people.",
    )
