"""Everything that can be said about a folder of Bicep: `check_project(files, index)`. Called by the tests."""

from collections.abc import Iterator

from tests.infra.bicep.azure_types import TypeIndex
from tests.infra.bicep.faults import Fault
from tests.infra.bicep.modules import check_assignments, check_modules
from tests.infra.bicep.reading import check_reading
from tests.infra.bicep.resources import Checked, check_resources
from tests.infra.bicep.scope import Scope
from tests.infra.bicep.source import BicepFile
from tests.infra.bicep.symbols import check_symbols


def check_project(files: tuple[BicepFile, ...], index: TypeIndex) -> Checked:
    typed = check_resources(files, index)
    faults = {*typed.faults, *check_without_types(files, index)}
    return Checked(faults=tuple(sorted(faults)), unchecked=typed.unchecked)


def check_without_types(files: tuple[BicepFile, ...], index: TypeIndex | None = None) -> Iterator[Fault]:
    """What needs no knowledge of Azure. With its types, what is read of resources is known too."""
    by_path = {file.path.resolve(): file for file in files}
    for file in files:
        for error in file.errors:
            yield Fault(path=file.path, line=error.line, kind="parse", text=f"cannot be read: {error.text}")
        if file.errors:
            continue
        scope = Scope(file=file, files=by_path, index=index)
        yield from check_symbols(scope)
        yield from check_modules(scope)
        yield from check_reading(scope)
        if file.path.suffix == ".bicepparam":
            yield from check_assignments(scope)
