"""Every package that anything of this project installs is one version with known hashes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTS = sorted([*ROOT.glob("requirements*.txt"), *ROOT.glob("bench/peers/*/requirements.txt")])
PIN = re.compile(r"[a-z0-9.-]+==[^ ;]+( ;[^#]+)?( --hash=sha256:[0-9a-f]{64})+")


def unpinned(text: str) -> list[str]:
    """What the lines ask for that is not one version with its hashes."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    asked = re.sub(r" \\\n +", " ", lines).splitlines()
    assert asked
    return [line for line in asked if not PIN.fullmatch(line)]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_line_is_a_version_with_its_hashes(path: Path) -> None:
    assert unpinned(path.read_text()) == []


def test_the_lists_are_all_there() -> None:
    names = {path.name for path in LISTS}
    kinds = ("", "-dev", "-host", "-infra", "-install", "-llm", "-load", "-local", "-security", "-worker")
    assert names == {f"requirements{kind}.txt" for kind in kinds}


@pytest.mark.parametrize(
    "line",
    [
        "requests",
        "requests>=2 --hash=sha256:" + "0" * 64,
        "requests==2.0.0",
        "requests==2.0.0 --hash=md5:" + "0" * 32,
        "-e .",
        "--extra-index-url https://example.org/simple",
        "git+https://example.org/requests.git",
        "requests @ https://example.org/requests.whl",
    ],
)
def test_what_is_not_pinned_is_found(line: str) -> None:
    assert unpinned(line) == [line]


def test_what_is_installed_is_compared_with_its_hashes() -> None:
    """Whoever names a list, in the Makefile or for it, asks for its hashes."""
    recipes = re.findall(r"^.*install .*-r .*$", (ROOT / "Makefile").read_text(), re.M)
    assert recipes
    assert all("--require-hashes" in recipe for recipe in recipes)
    installer = (ROOT / "cli" / "install.py").read_text()
    assert installer.count('"--require-hashes"') == installer.count('"-r", ')
