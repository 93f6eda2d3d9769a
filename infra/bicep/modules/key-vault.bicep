// The signing key, which the product makes, and MongoDB's connection string, which mongodb.bicep writes.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the vault.')
param name string

@description('Whether it answers inside the private network only.')
param isPrivate bool

@description('Public address ranges that it answers all the same: those of who deploys.')
param addresses array

@description('Object ids of the identities.')
param principals object

@description('Object id of the group of operators; none: empty.')
param operatorsGroupId string

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var roleType = 'Microsoft.Authorization/roleDefinitions'
var grants = [
  // Who signs tokens makes the key at the first start. Whoever may write secrets may read them.
  { who: principals.function, role: roles['Key Vault Secrets Officer'] }
  { who: principals.api, role: roles['Key Vault Secrets Officer'] }
  { who: principals.ingest, role: roles['Key Vault Secrets User'] }
]

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  // checkov:skip=CKV_AZURE_109: a parameter; prod answers its own network only
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate && empty(addresses) ? 'disabled' : 'enabled'
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      bypass: 'AzureServices' // deployments write the connection string from outside
      ipRules: [for address in addresses: {
        value: address
      }]
    }
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for grant in grants: {
  name: guid(vault.id, grant.who, grant.role)
  scope: vault
  properties: {
    principalId: grant.who
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, grant.role)
  }
}]

resource operators 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(vault.id, operatorsGroupId, roles['Key Vault Secrets Officer'])
  scope: vault
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Key Vault Secrets Officer'])
  }
}

resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: vault
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

output id string = vault.id
output name string = vault.name
output url string = vault.properties.vaultUri
