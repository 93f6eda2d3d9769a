"""`Tesseract`: the program that reads pictures, as installed here. Looked for by compose, run by `ocr`."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from shared.errors import ConfigError

SETTING = "RAG_OCR_LANGUAGES"
MAX_UNASKED = 4  # languages; each makes a page a third slower, and some systems install a hundred
NOT_LANGUAGES = ("osd", "equ")
FOLDER = re.compile(r'"(.+)"')
WAIT = 20.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Tesseract:
    program: str
    folder: str  # of its language files; "": the one that it knows by itself
    languages: str  # "eng+deu"
    finds_rotation: bool


def find_tesseract(languages: str = "") -> Tesseract | None:
    """None where it is not installed. `languages` are codes such as `eng+deu`; without any, those installed.

    Blocks for some milliseconds. Errors: `ConfigError` for a language that is not installed.
    """
    program = shutil.which("tesseract")
    if program is None:
        return None
    listing = _languages(program)
    if listing is None:
        return None
    folder, installed = listing
    chosen = [code for code in re.split(r"[+,\s]+", languages) if code] or _unasked(installed)
    if missing := [code for code in chosen if code not in installed]:
        raise ConfigError(
            f"{SETTING} names {', '.join(missing)}, which tesseract does not have; "
            f"install tesseract-ocr-{missing[0]}, or name some of: {', '.join(installed)}"
        )
    if not chosen:
        return None
    return Tesseract(
        program=program, folder=folder, languages="+".join(chosen), finds_rotation="osd" in installed
    )


def _languages(program: str) -> tuple[str, list[str]] | None:
    """The folder and the languages in it; None for a program that does not work."""
    try:
        run = subprocess.run(  # noqa: S603 the program of that name, asked for its languages
            [program, "--list-langs"], capture_output=True, text=True, timeout=WAIT, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    head, *installed = run.stdout.split("\n")
    folder = FOLDER.search(head)
    return folder[1] if folder else "", [code for code in installed if code]


def _unasked(installed: list[str]) -> list[str]:
    """All if they are few, English first; of many, English alone."""
    usable = [code for code in installed if code not in NOT_LANGUAGES and "/" not in code]
    english = [code for code in usable if code == "eng"]
    others = [code for code in usable if code != "eng"]
    return (english + others if len(usable) <= MAX_UNASKED else english) or usable[:1]
