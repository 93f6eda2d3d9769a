import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest

from shared.embedders.onnx import OnnxEmbedder
from shared.errors import ConfigError
from tests.stand_ins.weights import weights  # noqa: F401 - fixture

pytestmark = pytest.mark.embedder


@pytest.fixture
def copied(weights: Path, tmp_path: Path) -> Path:  # noqa: F811 - the fixture
    return Path(shutil.copytree(weights, tmp_path / "model"))


def test_missing_weights_are_a_configuration_error_that_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make up"):
        OnnxEmbedder(tmp_path / "nothing", threads=1)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 3}'])
def test_an_unreadable_card_is_a_configuration_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(ConfigError, match="make up"):
        OnnxEmbedder(tmp_path, threads=1)


def test_a_folder_of_another_release_is_a_configuration_error(copied: Path) -> None:
    card = json.loads((copied / "model.json").read_text())
    (copied / "model.json").write_text(json.dumps(card | {"format": 1}))
    with pytest.raises(ConfigError, match="another release; run `make up`"):
        OnnxEmbedder(copied, threads=1)


def test_a_missing_file_is_a_configuration_error(copied: Path) -> None:
    (copied / "tokenizer.json").unlink()
    with pytest.raises(ConfigError, match=r"tokenizer\.json"):
        OnnxEmbedder(copied, threads=1)


@pytest.mark.parametrize("name", ["model.onnx", "tensors.bin", "tokens.bin", "tokenizer.json"])
async def test_a_damaged_file_is_a_configuration_error_on_first_use(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    embedder = OnnxEmbedder(copied, threads=1)
    with pytest.raises(ConfigError, match="damaged"):
        await embedder.embed_query("anything")
    await embedder.close()


async def test_a_long_passage_is_embedded_as_if_it_were_alone(weights: Path) -> None:  # noqa: F811
    embedder = OnnxEmbedder(weights, threads=1)
    passages = [f"Rule {number}: " + "the river is wide, " * (40 + number) for number in range(4)]
    together = await embedder.embed_passages([*passages, "a short one", "and another"])
    alone = [(await embedder.embed_passages([passage]))[0] for passage in passages]
    assert together[:4] == alone
    await embedder.close()


async def test_a_query_waits_for_one_small_batch_at_the_most(weights: Path) -> None:  # noqa: F811
    embedder = OnnxEmbedder(weights, threads=1)
    await embedder.embed_query("load the model")
    passages = asyncio.create_task(embedder.embed_passages(["the river is wide " * 20] * 64))
    await asyncio.sleep(0)  # let the passages queue up first
    await embedder.embed_query("am I first?")
    assert not passages.done()
    assert len(await passages) == 64
    await embedder.close()


async def test_a_cancelled_caller_leaves_no_work_behind(weights: Path) -> None:  # noqa: F811
    embedder = OnnxEmbedder(weights, threads=1)
    passages = asyncio.create_task(embedder.embed_passages(["the river is wide " * 40] * 2_000))
    await asyncio.sleep(0)
    passages.cancel()
    with pytest.raises(asyncio.CancelledError):
        await passages
    async with asyncio.timeout(20):  # 2,000 passages would take minutes
        await embedder.close()


async def test_the_loop_stays_free_while_the_model_loads(weights: Path) -> None:  # noqa: F811
    embedder = OnnxEmbedder(weights, threads=1)
    query = asyncio.create_task(embedder.embed_query("first"))
    turns = 0
    while not query.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 3
    await embedder.close()


def test_the_adapter_can_be_imported_without_its_runtime() -> None:
    import subprocess

    code = "import sys, shared.embedders.onnx; print('onnxruntime' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
