"""samples/: a small deployment that is right; planted/: faults to plant in it, with how they are told of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.infra.bicep.faults import Fault
from tests.infra.bicep.source import BicepFile, read_text

FOLDER = Path(__file__).parent
SAMPLES = {
    str(path.relative_to(FOLDER / "samples")): path.read_text()
    for path in sorted((FOLDER / "samples").rglob("*.bicep*"))
}


@dataclass(frozen=True, kw_only=True)
class Plant:
    file: str
    there: str
    planted: str
    kind: str
    words: str

    def files(self) -> tuple[BicepFile, ...]:
        text = SAMPLES[self.file]
        assert text.count(self.there) == 1, f"{self.file} has {text.count(self.there)} places to plant in"
        return sample_files({self.file: text.replace(self.there, self.planted)})

    def found_in(self, faults: tuple[Fault, ...]) -> bool:
        return any(each.kind in self.kind.split("|") and self.words in each.text for each in faults)


def plants(name: str) -> dict[str, Plant]:
    read = yaml.safe_load((FOLDER / "planted" / f"{name}.yaml").read_text())
    return {title: Plant(**each) for title, each in read.items()}


def sample_files(changed: Mapping[str, str] | None = None) -> tuple[BicepFile, ...]:
    """The samples, some of them changed."""
    texts = SAMPLES | dict(changed or {})
    return tuple(read_text(text, FOLDER / "samples" / name) for name, text in texts.items())
