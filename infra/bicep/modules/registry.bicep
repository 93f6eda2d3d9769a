// The container registry: identities push and pull, nobody by a password.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the registry.')
param name string

@description('A private endpoint beside the public one; takes the tier Premium.')
param isPrivate bool

@description('Public address ranges that may push and pull; none: every address, with an identity that may.')
param addresses array

@description('Copies in several zones; takes the tier Premium.')
param zoneRedundant bool

@description('Object id of the group of operators, which pushes; none: empty.')
param operatorsGroupId string

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var roleType = 'Microsoft.Authorization/roleDefinitions'
var isPremium = isPrivate || zoneRedundant
var rules = [for address in addresses: {
  action: 'Allow'
  value: address
}]
var onlyThese = {
  defaultAction: 'Deny'
  ipRules: rules
}
// Images without a tag are those of releases long gone.
var tidied = {
  retentionPolicy: {
    days: 30
    status: 'enabled'
  }
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  // checkov:skip=CKV_AZURE_139: pipelines push from outside; `addresses` says from where
  // checkov:skip=CKV_AZURE_163: the pipeline scans images before it pushes them
  // checkov:skip=CKV_AZURE_166: the same; releases name images by their digests
  name: name
  location: location
  tags: tags
  sku: {
    name: isPremium ? 'Premium' : 'Basic'
  }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    publicNetworkAccess: 'Enabled'
    networkRuleBypassOptions: 'None'
    zoneRedundancy: zoneRedundant ? 'Enabled' : 'Disabled'
    networkRuleSet: isPremium && !empty(addresses) ? onlyThese : null
    policies: isPremium ? tidied : null
  }
}

resource operators 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(registry.id, operatorsGroupId, roles['AcrPush'])
  scope: registry
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId(roleType, roles['AcrPush'])
  }
}

resource registryLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: registry
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output id string = registry.id
output name string = registry.name
output loginServer string = registry.properties.loginServer
