// Azure AI Search, for identities only.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the service.')
param name string

@description('Tier; basic holds 15 indexes, and each index version is one.')
@allowed(['basic', 'standard', 'standard2', 'standard3'])
param tier string

@description('Copies: 2 promise queries, 3 writes too, and from 2 on they lie in several zones.')
@minValue(1)
@maxValue(12)
param replicas int

@description('Whether it answers inside the private network only.')
param isPrivate bool

@description('Object ids of the identities.')
param principals object

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var roleType = 'Microsoft.Authorization/roleDefinitions'
// Both processes of Kubernetes make, promote and remove indexes: one by its routes, one by its queue.
var grants = [
  { who: principals.function, role: roles['Search Index Data Contributor'] }
  { who: principals.function, role: roles['Search Service Contributor'] }
  { who: principals.api, role: roles['Search Index Data Contributor'] }
  { who: principals.api, role: roles['Search Service Contributor'] }
  { who: principals.ingest, role: roles['Search Index Data Contributor'] }
  { who: principals.ingest, role: roles['Search Service Contributor'] }
]

resource service 'Microsoft.Search/searchServices@2025-05-01' = {
  // checkov:skip=CKV_AZURE_208: a parameter; prod has three copies, dev one
  name: name
  location: location
  tags: tags
  sku: {
    name: tier
  }
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    replicaCount: replicas
    partitionCount: 1
    disableLocalAuth: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkRuleSet: {
      bypass: 'None'
    }
    semanticSearch: 'disabled'
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for grant in grants: {
  name: guid(service.id, grant.who, grant.role)
  scope: service
  properties: {
    principalId: grant.who
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, grant.role)
  }
}]

resource serviceLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: service
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

output id string = service.id
output endpoint string = 'https://${service.name}.search.windows.net'
