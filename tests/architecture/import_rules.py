"""Who may import whom (docs/architecture.md), checked over the syntax tree of every module."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OURS = ("function_app", "functions", "shared", "host", "cli", "evals", "bench")
PIPELINES = ("query", "ingest", "auth")
NOT_PLUGS = {*PIPELINES, "compose", "telemetry", "domain"}

# What a pipeline's module may import from outside: its one library, where it has one.
LIBRARIES = {
    "shared.azure_openai_sdk": {"azure", "httpx2", "openai", "pydantic"},
    "shared.azure_sdk": {"azure"},
    "shared.compose": {"pydantic"},
    "shared.compose.identity": {"pydantic"},
    "shared.compose.plugs": {"pydantic"},
    "shared.compose.traces": {"opentelemetry"},
    "shared.azure_storage": {"azure"},  # for the type checker only
    "shared.auth.entra_keys": {"httpx", "jwt", "pydantic"},
    "shared.auth.entra": {"jwt", "pydantic"},
    "shared.auth.keys": {"cryptography", "jwt"},
    "shared.auth.strict_jws": {"jwt", "pydantic"},
    "shared.auth.tokens": {"jwt", "pydantic"},
    "shared.auth.passwords": {"argon2"},
    "shared.ingest.chunk": {"semantic_text_splitter"},
}
PARSERS = {
    "PIL",
    "kreuzberg",
    "olefile",
    "pypdfium2",
    "pptx",
    "docx",
    "python_calamine",
    "charset_normalizer",
    "lxml",
}
TELEMETRY = {
    "shared.telemetry.exporters": {"azure", "opentelemetry"},
    "shared.telemetry.otel_tracer": {"opentelemetry"},
    "shared.telemetry.processes": {"prometheus_client", "psutil"},
}
# What a plug's protocol speaks of.
PROMISED = {
    "chat_models": {"shared.query.prompt"},  # the answer "I don't know"
    "metadata_stores": {"shared.query.filters"},  # what fits the filters of a question
}
# Who makes an adapter's files knows their format; who measures measures one plug alone.
KNOWERS = {"cli.weights": "shared.embedders.", "bench.": "shared.", "evals.": "shared."}
# What several adapters are built on.
FOUNDATIONS = (
    "shared.azure_openai_sdk",
    "shared.azure_sdk",
    "shared.azure_storage",
    "shared.breaker",
    "shared.language",
    "shared.sqlite_connection",
    "shared.sqlite_file",
    "shared.sqlite_writes",
)
SETTINGS = (  # parts of one
    "shared.account_settings",
    "shared.azure_settings",
    "shared.chat_model_settings",
    "shared.host_settings",
    "shared.ingest_settings",
    "shared.query_settings",
    "shared.telemetry_settings",
)
LIBRARIES |= {each: {"pydantic", "pydantic_settings"} for each in (*SETTINGS, "shared.settings")}
EDGE_LIBRARIES = {"anyio", "azure.functions", "azurefunctions", "fastapi", "starlette", "pydantic"}


@dataclass(frozen=True, kw_only=True)
class Import:
    importer: str
    target: str
    line: int
    is_lazy: bool  # inside a function

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def violations(root: Path) -> list[str]:
    """One line per import that the rules forbid."""
    return [
        f"{found}: {why}"
        for path in sorted(python_files(root))
        for found in imports_of(path, root)
        if (why := forbidden(found))
    ]


def python_files(root: Path) -> Iterator[Path]:
    for top in OURS:
        yield from (root / top).rglob("*.py")
        if (root / f"{top}.py").exists():
            yield root / f"{top}.py"


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, root: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    importer = module_name(path, root)
    lazy = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        for target in _targets(node, root):
            yield Import(importer=importer, target=target, line=node.lineno, is_lazy=id(node) in lazy)


def _targets(node: ast.AST, root: Path) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if not isinstance(node, ast.ImportFrom):
        return set()
    if node.level:
        return {"." * node.level + (node.module or "")}
    folder = root.joinpath(*(node.module or "").split("."))
    # `from package import module` imports the module.
    return {
        f"{node.module}.{alias.name}"
        if (folder / f"{alias.name}.py").exists() or (folder / alias.name).is_dir() or node.module == "azure"
        else str(node.module)
        for alias in node.names
    }


def forbidden(found: Import) -> str | None:
    """Why this import may not be, or None."""
    if found.target.startswith("."):
        return "imports are absolute"
    top = found.target.partition(".")[0]
    if top in OURS:
        return _forbidden_inside(found)
    if top in sys.stdlib_module_names:
        return None
    return _forbidden_outside(found)


def _forbidden_inside(found: Import) -> str | None:
    importer, target = found.importer, found.target
    area, top = importer.partition(".")[0], target.partition(".")[0]
    if is_adapter(target) and not _same_package(importer, target):
        known = next((made for name, made in KNOWERS.items() if importer.startswith(name)), None)
        if known and target.startswith(known):
            return None
        if not importer.startswith("shared.compose."):
            return "only compose imports adapters"
        return None if found.is_lazy else "compose imports an adapter inside its loader"
    if area == "shared":
        is_compose = importer.startswith("shared.compose")
        if top != "shared" or (target.startswith("shared.compose") and not is_compose):
            return "shared does not know what stands on top of it"
        return None if _allowed_in_shared(importer, target) else "not among what this module may import"
    if area == "host":
        known = ("host", "function_app", "shared")
        return None if top in known else "the host knows function_app, not what is behind it"
    if area == "functions":
        return None if top in ("functions", "shared") else "the edge does not know its hosts"
    return None


def _allowed_in_shared(importer: str, target: str) -> bool:
    basics = {"shared", "shared.domain", "shared.errors"}
    if importer in basics or importer.startswith("shared.domain."):
        return importer.startswith("shared.domain") and target.startswith("shared.domain.")
    if importer.startswith("shared.compose"):
        return True
    if importer == "shared.services":
        parts = {
            "shared.auth.entra",
            "shared.auth.passwords",
            "shared.auth.tokens",
            "shared.ingest.parse.pool",
            "shared.query.flights",
            "shared.shelf",
            "shared.telemetry.metrics",
        }
        return target in basics | parts or _is_base(target)
    if target in basics:
        return True
    if _is_base(importer):  # a long protocol is told in parts: base_<noun>.py
        return _is_base(target) and _same_package(importer, target)
    if importer == "shared.shelf":
        return _is_base(target)
    package = importer.split(".")[1]
    if package in PIPELINES:
        return (
            _is_base(target)
            or target in ("shared.services", "shared.shelf")
            or target.startswith(("shared.telemetry", "shared.auth.access"))
            or _same_package(importer, target)
        )
    if importer == "shared.settings" and target in SETTINGS:
        return True
    if importer in FOUNDATIONS and target in FOUNDATIONS:
        return True
    if is_adapter(importer) and (target in FOUNDATIONS or _is_base(target)):
        return True
    return _same_package(importer, target) or target in PROMISED.get(package, set())


def _forbidden_outside(found: Import) -> str | None:
    importer, target = found.importer, found.target
    area, top = importer.partition(".")[0], target.partition(".")[0]
    if area in ("function_app", "functions"):
        allowed = any(target == library or target.startswith(library + ".") for library in EDGE_LIBRARIES)
        return None if allowed else "the edge knows HTTP and triggers, no vendors"
    if area != "shared" or is_adapter(importer):
        return None
    if importer.startswith("shared.ingest.parse.") and importer != "shared.ingest.parse.pool":
        return None if top in PARSERS else "a parser's module imports its parser"
    if importer.startswith("shared.telemetry."):
        known = top in TELEMETRY.get(importer, {"prometheus_client"})
        return None if known else "telemetry imports its libraries"
    return None if top in LIBRARIES.get(importer, set()) else "no library is needed here"


def is_adapter(module: str) -> bool:
    """`shared.<plug>.<implementation>`."""
    match = re.fullmatch(r"shared\.(\w+)\.(\w+)(\.\w+)*", module)
    return bool(
        match and match[1] not in NOT_PLUGS and match[2].partition("_")[0] not in ("base", "reference")
    )


def _is_base(module: str) -> bool:
    return re.fullmatch(r"shared\.\w+\.base(_\w+)?", module) is not None


def _same_package(importer: str, target: str) -> bool:
    return importer.split(".")[:2] == target.split(".")[:2]
