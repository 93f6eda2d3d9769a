// Azure Managed Redis, for identities only. What it holds may be lost.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the cluster.')
param name string

@description('Size, such as Balanced_B0.')
param size string

@description('A second node; in regions with zones in another one.')
param zoneRedundant bool

@description('Whether it answers inside the private network only.')
param isPrivate bool

@description('Object ids of the identities.')
param principals object

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

var users = [
  { name: 'function', who: principals.function }
  { name: 'api', who: principals.api }
  { name: 'ingest', who: principals.ingest }
]

var port = 10000

resource cluster 'Microsoft.Cache/redisEnterprise@2025-07-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: size
  }
  properties: {
    highAvailability: zoneRedundant ? 'Enabled' : 'Disabled'
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

resource database 'Microsoft.Cache/redisEnterprise/databases@2025-07-01' = {
  parent: cluster
  name: 'default'
  properties: {
    accessKeysAuthentication: 'Disabled'
    clientProtocol: 'Encrypted'
    clusteringPolicy: 'EnterpriseCluster' // to its clients it must be one server
    evictionPolicy: 'AllKeysLRU'
    port: port
  }
}

// One after the other: the database takes one change at a time.
@batchSize(1)
resource access 'Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments@2025-07-01' = [for user in users: {
  parent: database
  name: user.name
  properties: {
    accessPolicyName: 'default'
    user: {
      objectId: user.who
    }
  }
}]

resource clusterMetrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: cluster
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

resource databaseLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: database
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

output id string = cluster.id
output url string = 'rediss://${cluster.properties.hostName}:${port}/0'
