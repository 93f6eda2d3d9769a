"""`ParseLimits`: what one parse may cost. Read by the pool, the fork server, its children and the parsers."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ParseLimits:
    """The defaults hold a 600-page PDF and a 100 MB workbook. Address space counts libraries, too."""

    max_file_bytes: int = 100 * MIB
    max_pages: int = 5_000
    max_text_chars: int = 20_000_000  # of one document, over all its pages
    max_unpacked_bytes: int = 512 * MIB  # of the members of an Office file
    memory_bytes: int = 768 * MIB  # address space; the libraries alone map 170 MiB
    cpu_seconds: int = 20
    wall_seconds: float = 30.0
    written_bytes: int = MIB  # of any file that a parser would write
    open_files: int = 64
