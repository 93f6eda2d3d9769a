"""Source code and configuration: fenced, line by line, under a heading for each definition.

Called by `file.parse_file`. The headings travel with the chunks: a long function is found by its
name.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from shared.domain import ParsedDocument, ParsedPage
from shared.ingest.parse.source import Source

LANGUAGES = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".jsx": "javascript", ".ts": "typescript", ".tsx": "typescript", ".java": "java", ".kt": "kotlin",
    ".kts": "kotlin", ".scala": "scala", ".groovy": "groovy", ".c": "c", ".h": "c", ".cc": "cpp",
    ".cpp": "cpp", ".cxx": "cpp", ".hpp": "cpp", ".cs": "csharp", ".fs": "fsharp", ".vb": "vb", ".go": "go",
    ".rs": "rust", ".rb": "ruby", ".php": "php", ".swift": "swift", ".m": "objectivec", ".dart": "dart",
    ".lua": "lua", ".pl": "perl", ".pm": "perl", ".r": "r", ".jl": "julia", ".ex": "elixir",
    ".exs": "elixir", ".erl": "erlang", ".hs": "haskell", ".clj": "clojure", ".sh": "bash", ".bash": "bash",
    ".zsh": "bash", ".ps1": "powershell", ".bat": "bat", ".cmd": "bat", ".sql": "sql", ".bicep": "bicep",
    ".tf": "hcl", ".hcl": "hcl", ".proto": "protobuf", ".graphql": "graphql", ".css": "css", ".scss": "scss",
    ".vue": "vue", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini", ".cfg": "ini",
    ".conf": "ini", ".properties": "properties", ".env": "ini",
}  # fmt: skip
# The name that a line defines, at the margin or one level in (methods).
DEFINITION = re.compile(
    r"(?: {0,4}|\t)(?:(?:export|default|public|private|protected|internal|static|final|abstract|sealed|async|"
    r"override|virtual|inline|unsafe|partial|open|data|case|pub(?:\([^)]*\))?|extern|local)\s+)*"
    r"(?:class|def|defp|func|function|fn|interface|struct|enum|trait|impl|module|namespace|record|object|"
    r"protocol|message|service|resource|sub|type)\s+(?:\([^)]{0,80}\)\s*)?([\w.:$-]+)"
)
# C and its heirs: a type, a name, its arguments, and no semicolon at the end.
SIGNATURE = re.compile(r"(?: {0,4}|\t)(?!(?:return|else|new|throw)\b)[\w<>\[\],:*&?][\w<>\[\],:*& ?]*[ *&]"
                       r"(\w+)\s*\([^;{}=]*\)?[^;={}]*\{?\s*$")  # fmt: skip
ARROW = re.compile(
    r"(?:export\s+)?(?:default\s+)?(?:const|let|var)\s+(\w+)[^=]{0,80}=\s*(?:async\s*)?(?:\([^)]*\)|\w+)[^=]{0,80}=>"
)
SQL = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:\w+\s+){0,2}?(?:table|view|function|procedure|trigger|index|type)\s+"
    r"(?:if\s+not\s+exists\s+)?([\w.\"\[\]`]+)", re.I
)  # fmt: skip
SECTION = re.compile(r"\[+([^\[\]]+)\]+\s*$")
KEY = re.compile(r"([\w./\"'-][^:#]{0,80}):(?:\s|$)")
LANGUAGE_RULES = {
    "yaml": (KEY,), "toml": (SECTION,), "ini": (SECTION,), "properties": (), "sql": (SQL,), "css": (),
    "scss": (), "python": (DEFINITION,), "ruby": (DEFINITION,), "bash": (DEFINITION,),
    "javascript": (DEFINITION, ARROW), "typescript": (DEFINITION, ARROW), "vue": (DEFINITION, ARROW),
}  # fmt: skip
MAX_LINE = 300  # of a definition; what is longer was written by a program
# Lines that belong to the definition below them.
LEADING = re.compile(r"\s*(?:@|#\[|//|/\*|\*|--|#(?!\s*(?:include|define|if|endif|pragma))|\[\w)")


def parse(text: str, source: Source) -> ParsedDocument:
    language = LANGUAGES[source.suffix]
    lines = text.lstrip("\ufeff").expandtabs(4).splitlines()
    parts = (_part(name, block, language) for name, block in _definitions(lines, language))
    page = ParsedPage(number=1, text="\n\n".join(part for part in parts if part))
    # Titled with its suffix: that is what people call a file of code.
    return ParsedDocument(title=PurePosixPath(source.name).name, pages=(page,), page_kind="section")


def _part(name: str, block: list[str], language: str) -> str:
    body = "\n".join(block).strip("\n")
    if not body.strip():
        return ""
    fence = "~~~" if "```" in body else "```"
    heading = f"## {name}\n\n" if name else ""
    return f"{heading}{fence}{language}\n{body}\n{fence}"


def _definitions(lines: list[str], language: str) -> Iterator[tuple[str, list[str]]]:
    """(name, lines), cut in front of each definition and the comments above it."""
    rules = LANGUAGE_RULES.get(language, (DEFINITION, SIGNATURE))
    name, start = "", 0
    for number, line in enumerate(lines):
        matches = (rule.match(line) for rule in rules if len(line) <= MAX_LINE)
        found = next((match[1] for match in matches if match), None)
        if found is None:
            continue
        cut = number
        while cut > start and LEADING.match(lines[cut - 1]):
            cut -= 1
        if cut > start:
            yield name, lines[start:cut]
        name, start = found.strip("\"'`:"), cut
    yield name, lines[start:]
