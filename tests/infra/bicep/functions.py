"""Bicep's own functions with the kind of what they return, and its decorators.

From https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions and the pages below it.
"""

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
