"""Sizes, names, docstrings and environment reads of the tree, as lists of what breaks the house style."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 249
MAX_FUNCTION_LINES = 39
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "managers"}
SOURCES = ("functions", "shared", "host", "cli", "evals", "bench", "samples", "tests", "infra")
WEB = (".js", ".mjs", ".css", ".html")

_JS_FUNCTION = re.compile(
    r"^(?!\s*(?:if|for|while|switch|catch|else)\b)"
    r".*(?:\bfunction\b.*\)|=>|^\s+(?:async )?\*?#?\w+\([^;]*\))\s*\{\s*$"
)


def python_sources(root: Path) -> Iterator[Path]:
    yield from root.glob("*.py")
    for top in SOURCES:
        yield from (root / top).rglob("*.py")


def web_sources(root: Path) -> Iterator[Path]:
    vendored = root / "web/vendor"  # others wrote it
    found = (path for path in (root / "web").rglob("*") if path.suffix in WEB)
    yield from (path for path in found if vendored not in path.parents)


def long_files(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}: {lines} lines"
        for path in (*python_sources(root), *web_sources(root))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES
    ]


def long_functions(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}:{line}: {lines} lines"
        for path in (*python_sources(root), *web_sources(root))
        for line, lines in _function_lengths(path)
        if lines > MAX_FUNCTION_LINES
    ]


def banned_names(root: Path) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in (*python_sources(root), *web_sources(root))
        if BANNED_NAMES & {part.lower() for part in path.relative_to(root).with_suffix("").parts}
    ]


def modules_without_docstring(root: Path) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in python_sources(root)
        if path.relative_to(root).parts[0] != "tests"
        and path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(_tree(path))
    ]


def environment_reads(root: Path) -> list[str]:
    """In the product's own packages, outside the one module that may."""
    return [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in python_sources(root)
        if path.relative_to(root).parts[0] in ("function_app.py", "functions", "shared", "host", "cli")
        and path.relative_to(root) != Path("shared/settings.py")
        for node in ast.walk(_tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"))
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and _names(node) & {"environ", "getenv"})
    ]


def _function_lengths(path: Path) -> Iterator[tuple[int, int]]:
    if path.suffix == ".py":
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1
    elif path.suffix in (".js", ".mjs"):
        yield from _script_function_lengths(path.read_text(encoding="utf-8").splitlines())


def _script_function_lengths(lines: list[str]) -> Iterator[tuple[int, int]]:
    """A function ends at the first line with a closing brace that is indented as its head is."""
    for start, head in enumerate(lines):
        if _JS_FUNCTION.match(head):
            indent = head[: len(head) - len(head.lstrip())]
            for end in range(start + 1, len(lines)):
                if lines[end].startswith(indent + "}"):
                    yield start + 1, end - start + 1
                    break


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}
