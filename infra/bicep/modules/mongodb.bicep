// Azure DocumentDB: documents, people, conversations. Its password is the one secret that has to exist: the
// product signs in with a user of the database, so it is written to the key vault and to nothing else.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the cluster.')
param name string

@description('Cores and memory: M10 and M20 share theirs, M30 and up can be copied to another zone.')
param tier string

@description('Disk, in GiB.')
@minValue(32)
param diskGb int

@description('A second node, in another zone.')
param zoneRedundant bool

@description('Whether it answers inside the private network only.')
param isPrivate bool

@description('Password of the user.')
@secure()
@minLength(16)
param password string

@description('The key vault that is given the connection string.')
param keyVaultName string

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

var user = 'rag'

resource cluster 'Microsoft.DocumentDB/mongoClusters@2026-06-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    administrator: {
      userName: user
      password: password
    }
    authConfig: {
      allowedModes: ['NativeAuth']
    }
    serverVersion: '8.0'
    compute: {
      tier: tier
    }
    storage: {
      sizeGb: diskGb
    }
    sharding: {
      shardCount: 1
    }
    highAvailability: {
      targetMode: zoneRedundant ? 'ZoneRedundantPreferred' : 'Disabled'
    }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    dataApi: {
      mode: 'Disabled'
    }
  }
}

// From 0.0.0.0 to 0.0.0.0 means: from inside Azure.
resource fromAzure 'Microsoft.DocumentDB/mongoClusters/firewallRules@2026-06-01' = if (!isPrivate) {
  parent: cluster
  name: 'azure'
  properties: {
    startIpAddress: '0.0.0.0'
    endIpAddress: '0.0.0.0'
  }
}

var withUser = replace(cluster.properties.connectionString, '<user>', user)

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: keyVaultName
}

resource connection 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  // checkov:skip=CKV_AZURE_41: it ends when a deployment writes another; an end of its own would stop the product
  parent: vault
  name: 'mongodb-uri'
  tags: tags
  properties: {
    contentType: 'connection string; a deployment writes it'
    value: replace(withUser, '<password>', uriComponent(password))
  }
}

resource clusterLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: cluster
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

output id string = cluster.id
