"""The house style holds for this tree, and each check finds what breaks it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import house_rules

ROOT = Path(__file__).parents[2]
CHECKS = (
    house_rules.long_files,
    house_rules.long_functions,
    house_rules.banned_names,
    house_rules.modules_without_docstring,
    house_rules.environment_reads,
)
DOC = '"""What lives here."""\n'


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_tree_keeps(check: Callable[[Path], list[str]]) -> None:
    assert check(ROOT) == []


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (house_rules.long_files, "shared/a.py", DOC + "x = 1\n" * 249),
        (house_rules.long_files, "web/a.css", "a {}\n" * 250),
        (house_rules.long_functions, "shared/a.py", DOC + "def f():\n" + "    x = 1\n" * 39),
        (house_rules.long_functions, "web/a.js", "export function f(a) {\n" + "  a += 1;\n" * 38 + "}\n"),
        (house_rules.long_functions, "web/a.js", "const f = (a) => {\n" + "  a += 1;\n" * 38 + "};\n"),
        (house_rules.long_functions, "web/a.js", "class A {\n  f(a) {\n" + "    a += 1;\n" * 38 + "  }\n}\n"),
        (house_rules.banned_names, "shared/utils.py", DOC),
        (house_rules.banned_names, "web/common/a.js", ""),
        (house_rules.modules_without_docstring, "host/a.py", "x = 1\n"),
        (house_rules.environment_reads, "shared/a.py", DOC + "import os\nos.environ['A']\n"),
        (house_rules.environment_reads, "function_app.py", DOC + "from os import getenv\n"),
    ],
)
def test_a_planted_fault_is_found(
    tmp_path: Path, check: Callable[[Path], list[str]], path: str, text: str
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert len(check(tmp_path)) == 1


def test_what_is_just_small_enough_passes(tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "a.js").write_text("function f(a) {\n" + "  if (a) {\n  }\n" * 18 + "}\n" + "a();\n" * 211)
    assert [found for check in CHECKS for found in check(tmp_path)] == []
