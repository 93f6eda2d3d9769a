"""An embedder is opened by the name that an index records, or by the one that a person uses."""

from pathlib import Path

import pytest

from shared.compose.models import open_named_embedder
from shared.errors import ConfigError
from shared.settings import Settings
from tests.stand_ins.weights import weights

__all__ = ["weights"]

AZURE = Settings(
    azure_openai_endpoint="https://example.openai.azure.com",
    azure_openai_api_key="k",  # type: ignore[arg-type]
    azure_openai_embedding_deployment="ours",
    azure_openai_embedding_dimension=512,
)


@pytest.mark.embedder
async def test_a_prepared_model_is_known_by_both_its_names(weights: Path) -> None:
    settings = Settings(models=weights.parent)
    one = open_named_embedder(settings, None, weights.name, None)
    same = open_named_embedder(settings, None, one.name, one.dimension)
    assert (same.name, same.dimension) == (one.name, one.dimension)
    await one.close()
    await same.close()


@pytest.mark.parametrize(
    ("name", "dimension", "opened"),
    [
        ("azure_openai:other", 256, ("azure_openai:other", 256)),
        ("azure_openai:other", None, ("azure_openai:other", 512)),
        ("azure_openai", None, ("azure_openai:ours", 512)),
    ],
)
async def test_a_deployment_is_named_with_or_without_its_dimension(
    name: str, dimension: int | None, opened: tuple[str, int]
) -> None:
    embedder = open_named_embedder(AZURE, None, name, dimension)
    assert (embedder.name, embedder.dimension) == opened
    await embedder.close()


@pytest.mark.parametrize("name", ["e5", "azure_openai:ours", "unheard-of"])
def test_what_is_not_here_is_named_with_the_way_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"the embedder {name} is not here; prepare it with `rag weights`"):
        open_named_embedder(Settings(models=tmp_path), None, name, None)
