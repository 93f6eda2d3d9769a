"""Every fault that is planted in the samples is found; in the samples as they are nothing is found."""

import pytest

from tests.infra.bicep.azure_types import TypeIndex
from tests.infra.bicep.naming import check_names
from tests.infra.bicep.project import check_project, check_without_types
from tests.infra.bicep.samples import SAMPLES, plants, sample_files

TYPES, SYMBOLS, NAMES = plants("types"), plants("symbols"), plants("names")


@pytest.mark.parametrize("plant", TYPES)
def test_a_fault_against_azures_types_is_found(plant: str, types: TypeIndex) -> None:
    faults = check_project(TYPES[plant].files(), types).faults
    assert TYPES[plant].found_in(faults), [str(each) for each in faults]


@pytest.mark.parametrize("plant", SYMBOLS)
def test_a_fault_among_declarations_is_found(plant: str, types: TypeIndex) -> None:
    faults = check_project(SYMBOLS[plant].files(), types).faults
    assert SYMBOLS[plant].found_in(faults), [str(each) for each in faults]


@pytest.mark.parametrize("plant", NAMES)
def test_a_name_that_azure_refuses_is_found(plant: str) -> None:
    faults = check_names(NAMES[plant].files()).faults
    assert NAMES[plant].found_in(faults), [str(each) for each in faults]


def test_the_samples_are_right_and_all_of_their_types_are_known(types: TypeIndex) -> None:
    checked = check_project(sample_files(), types)
    assert [str(each) for each in checked.faults] == []
    assert checked.unchecked == frozenset()


def test_the_samples_are_right_without_azures_types_too() -> None:
    assert [str(each) for each in check_without_types(sample_files())] == []


def test_the_samples_names_are_all_spelled_out_and_right() -> None:
    named = check_names(sample_files())
    assert [str(each) for each in named.faults] == []
    assert named.unknown == frozenset()
    assert named.names["Microsoft.Storage/storageAccounts/queueServices/queues"] == {"events", "poison"}
    assert named.names["Microsoft.KeyVault/vaults"] == {"v0-ragx7abcde"}


def test_a_fault_is_told_of_with_its_file_and_line_and_the_right_name(types: TypeIndex) -> None:
    changed = SAMPLES["modules/vault.bicep"].replace("enableRbacAuthorization:", "enableRbacAuthorisation:")
    line = 1 + changed[: changed.index("enableRbacAuthorisation:")].count("\n")
    (fault,) = check_project(sample_files({"modules/vault.bicep": changed}), types).faults
    wrong = "properties.enableRbacAuthorisation does not exist, did you mean enableRbacAuthorization?"
    assert str(fault) == f"vault.bicep:{line}: unknown: {wrong}"


def test_a_resource_of_an_unknown_type_is_told_of_as_not_checked(types: TypeIndex) -> None:
    changed = SAMPLES["main.bicep"].replace(
        "Microsoft.Search/searchServices@", "Microsoft.Serch/searchServices@"
    )
    checked = check_project(sample_files({"main.bicep": changed}), types)
    assert checked.unchecked == {"Microsoft.Serch/searchServices@2025-05-01"}
