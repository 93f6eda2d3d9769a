"""A parser of plain text whose first line is the title, and no part of the pages."""

from dataclasses import replace
from pathlib import Path

from shared.domain import ParsedDocument
from tests.stand_ins.pipeline_services import PlainParser


class TitledParser(PlainParser):
    async def parse(self, path: Path, name: str) -> ParsedDocument:
        parsed = await super().parse(path, name)
        title, _, rest = parsed.pages[0].text.partition("\n")
        return replace(parsed, title=title, pages=(replace(parsed.pages[0], text=rest), *parsed.pages[1:]))
