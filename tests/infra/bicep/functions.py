"""Bicep's own functions and decorators: what functions return, and what those of strings make of known words.

From https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions and the pages below it.
"""

import re
from collections.abc import Callable

_BY_KIND = {
    "string": """base64 base64ToString cidrHost cidrSubnet dataUri dataUriToString dateTimeAdd
        dateTimeFromEpoch extensionResourceId format guid join loadFileAsBase64 loadTextContent nameof newGuid
        managementGroupResourceId padLeft readCliArg readEnvironmentVariable replace resourceId string
        subscriptionResourceId substring tenantResourceId toLogicalZone toLower toPhysicalZone toUpper trim
        uniqueString uri uriComponent uriComponentToString utcNow""",
    "int": "dateTimeToEpoch indexOf int lastIndexOf length max min",
    "bool": "bool contains empty endsWith startsWith",
    "array": "array filter items objectKeys pickZones range sort split toLogicalZones toPhysicalZones",
    "object": "deployment environment groupBy mapValues parseCidr shallowMerge toObject",
    "any": """any base64ToJson coalesce concat deployer externalInput fail first flatten intersection json
        last loadDirectoryFileInfo loadJsonContent loadYamlContent managementGroup map providers reduce
        reference resourceGroup skip subscription take tenant tryGet union""",
}
RETURNS = {name: kind for kind, names in _BY_KIND.items() for name in names.split()}

_DECORATORS = """allowed batchSize description discriminator export maxLength maxValue metadata minLength
    minValue onlyIfNotExists retryOn sealed secure validate waitUntil"""
DECORATORS = frozenset(_DECORATORS.split())

UNIQUE = "x7abcdefghij2"  # what uniqueString() looks like: 13 lower-case letters and digits
GUID = "6f1d2c3b-0a9e-4b7d-8c5f-1e2d3c4b5a69"
SAMPLES = {"uniqueString": UNIQUE, "guid": GUID, "newGuid": GUID}


def _format(pattern: str, *words: str) -> str:
    return re.sub(r"\{(\d+)\}", lambda found: words[int(found[1])], pattern)


def _substring(text: str, start: str, length: str = "") -> str:
    rest = text[int(start) :]
    return rest[: int(length)] if length else rest


WORDS: dict[str, Callable[..., str]] = {
    "toLower": str.lower,
    "toUpper": str.upper,
    "trim": str.strip,
    "replace": str.replace,
    "take": lambda text, count: text[: int(count)],
    "skip": lambda text, count: text[int(count) :],
    "substring": _substring,
    "format": _format,
    "string": str,
}
