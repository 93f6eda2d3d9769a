"""The tokenizer of the multilingual model, against the ids of another library (tokenizers) for its pieces."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.embedders.unigram import UnigramTokenizer
from tests.stand_ins.weights import multilingual_weights  # noqa: F401 - fixture

pytestmark = pytest.mark.embedder

BEGIN, END = 0, 2
KNOWN: list[tuple[str, list[int]]] = [
    ("", []),
    (" \n\t ", []),
    ("Hello, world!", [35378, 4, 8999, 38]),
    ("passage: The library opens at nine.", [46692, 12, 581, 35773, 1294, 9803, 7, 99, 300, 86, 5]),
    (
        "\xdcber  die\tBr\xfccke\n\nnach K\xf6ln \u2013 25 % Rabatt",
        [16089, 68, 217009, 1561, 77399, 46, 714, 1745, 126059],
    ),
    ("¿Cuántos días? L’été à Montréal", [3936, 33177, 1665, 1952, 8163, 32, 339, 26, 53484, 253, 218744]),
    ("图书馆九点开门。", [6, 160115, 11669, 2391, 4185, 6349, 30]),
    ("東京タワーは３３３メートルです", [6, 22888, 10793, 79663, 342, 66000, 219137, 1453]),
    ("도서관은 아홉 시에 엽니다", [6, 149811, 697, 7159, 245106, 6, 115103, 6, 179734, 37478]),
    ("Библиотека открывается в девять", [77872, 101684, 233667, 989, 49, 29513, 12919]),
    ("تفتح المكتبة في التاسعة", [746, 58516, 100696, 250, 240, 183827, 250]),
    ("पुस्तकालय नौ बजे खुलता है", [37107, 42235, 56615, 34554, 62245, 1480, 460]),
    ("ห้องสมุดเปิดเก้าโมง", [43538, 18379, 67261, 16935, 22007, 28599, 21041, 2824]),
    ("Thư viện mở cửa lúc chín giờ", [76308, 26245, 20142, 16381, 10305, 15953, 19, 8757]),
    ("הספרייה נפתחת בתשע", [28106, 25394, 3523, 33043, 609, 564, 209017]),
    ("ﷺ ﬁ ① Å ẛ̣ Ⅷ ½ ㎏", [16509, 1423, 4472, 8756, 809, 106, 8839, 6, 3, 32896, 78660, 5279]),
    (
        "\U0001f642\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1e9\U0001f1ea!",
        [3143, 244785, 3, 244785, 3, 245719, 3, 246167, 6, 247289, 246143, 38],
    ),
    ("x\u200by\xa0z\u3000\u2028w", [1022, 3, 53, 97, 148]),
    ("a\x00b\x85c\x7fd", [10, 876, 501, 104]),
    ("𓀀𓀁 ᚠᚡ end", [6, 3, 6, 3, 3564]),
    (
        "def f(x): return x**2 # 0x1F",
        [8, 420, 1238, 132, 425, 2077, 30646, 1022, 25442, 304, 468, 757, 425, 418, 919],
    ),
    (
        "https://example.org/a?b=c&d=%20",
        [3975, 696, 3355, 11, 33209, 5, 1478, 64, 11, 32, 275, 1369, 238, 1230, 71, 1369, 117654],
    ),
    ("aaaaaaaaaaaaaaaaaaaaaaaa", [6, 110777, 83151, 83151, 83151, 83151]),
    (
        "123456789012345678901234567890",
        [6, 190875, 162082, 136442, 190875, 162082, 136442, 190875, 162082, 136442],
    ),
    ("�?", [6, 3, 32]),
    ("e\u0301 \xe9", [393, 393]),
    (
        "don't  __init__ snake_case CamelCase",
        [2301, 25, 18, 5953, 73, 217, 14005, 16854, 350, 454, 58437, 184520, 441, 6991],
    ),
]
SPELLED = ["<s>", "</s>", "<pad>", "<unk>", "<mask>"]


@pytest.fixture(scope="module")
def file(multilingual_weights: Path) -> Path:  # noqa: F811 - the fixture
    return multilingual_weights / "unigram.model"


@pytest.fixture(scope="module")
def tokenizer(file: Path) -> UnigramTokenizer:
    return UnigramTokenizer(file, max_tokens=512)


@pytest.mark.parametrize(("text", "ids"), KNOWN)
def test_ids_are_those_the_model_was_trained_with(
    tokenizer: UnigramTokenizer, text: str, ids: list[int]
) -> None:
    assert tokenizer.encode(text) == [BEGIN, *ids, END]


def test_a_long_text_is_cut_between_its_marks(file: Path) -> None:
    short = UnigramTokenizer(file, max_tokens=5)
    assert short.encode("Hello, world!") == [BEGIN, 35378, 4, 8999, END]
    assert short.encode("Hello, world") == [BEGIN, 35378, 4, 8999, END]
    assert short.encode("Hello,") == [BEGIN, 35378, 4, END]


@pytest.mark.parametrize("mark", SPELLED)
def test_text_cannot_spell_a_mark_of_the_model(tokenizer: UnigramTokenizer, mark: str) -> None:
    inner = tokenizer.encode(f"before {mark} after")[1:-1]
    assert not {0, 1, 2, 3, 250001} & set(inner)


@pytest.mark.parametrize("text", ["x" * 8_000, "\u0301" * 8_000, "\ufdfa" * 8_000, "\U0001f642" * 8_000])
def test_a_long_run_is_encoded_in_no_time(tokenizer: UnigramTokenizer, text: str) -> None:
    assert len(tokenizer.encode(text)) <= 512


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_embedder_keeps_within_its_memory(multilingual_weights: Path) -> None:  # noqa: F811
    code = """
import asyncio, pathlib, sys
from shared.embedders.onnx import OnnxEmbedder

async def embed():
    embedder = OnnxEmbedder(pathlib.Path(sys.argv[1]), threads=1)
    await embedder.embed_passages(["the river is wide " * 150] * 2 + ["the river is wide"] * 100)
    await embedder.close()

asyncio.run(embed())
status = dict(line.split(":") for line in open("/proc/self/status"))
print(status["RssAnon"].split()[0], status["VmHWM"].split()[0])
"""
    command = [sys.executable, "-c", code, str(multilingual_weights)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    own, peak = (int(kilobytes) / 1024 for kilobytes in done.stdout.split())
    assert own < 160  # of the process itself; 120 are usual
    assert peak < 240  # with what the system maps from files; 180 are usual
