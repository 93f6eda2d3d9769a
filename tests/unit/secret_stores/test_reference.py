"""Settings that name a secret."""

from pathlib import Path

import pytest

from shared.errors import ConfigError
from shared.secret_stores.local import LocalSecrets
from shared.secret_stores.reference import revealed


@pytest.mark.parametrize("value", [None, "", "plain", "Secret:x", " secret:x", "redis://:secret:x@host"])
async def test_a_plain_value_is_itself(tmp_path: Path, value: str | None) -> None:
    assert await revealed(value, LocalSecrets(tmp_path, {})) == value


async def test_a_named_secret_is_looked_up(tmp_path: Path) -> None:
    secrets = LocalSecrets(tmp_path, {"RAG_SECRET_MONGODB_URI": "mongodb://host"})
    assert await revealed("secret:mongodb-uri", secrets) == "mongodb://host"


@pytest.mark.parametrize("name", ["unknown", "", "no name"])
async def test_a_name_that_leads_nowhere_stops_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}'"):
        await revealed(f"secret:{name}", LocalSecrets(tmp_path, {}))
