// Uploads, the queues, and what the Functions host keeps. Keys are off: identities are given roles on it.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the storage account.')
param name string

@description('Origins of the chat page, which sends large files straight to the container.')
param pageOrigins array

@description('Whether it answers inside the private network only.')
param isPrivate bool

@description('Public address ranges that it answers all the same, such as those of an office.')
param addresses array

@description('Copies in three zones instead of one.')
param zoneRedundant bool

@description('Object ids of the identities.')
param principals object

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var roleType = 'Microsoft.Authorization/roleDefinitions'
var otherQueues = [
  'ingest-events-poison'
  'index-fills'
  'index-fills-poison'
]

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  // checkov:skip=CKV_AZURE_35: a parameter; prod answers its own network only
  // checkov:skip=CKV_AZURE_206: a parameter; prod has copies in three zones
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate && empty(addresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      bypass: 'AzureServices' // Event Grid delivers from outside, as its identity
      ipRules: [for address in addresses: {
        value: address
        action: 'Allow'
      }]
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    cors: {
      corsRules: [
        {
          allowedOrigins: pageOrigins
          allowedMethods: ['PUT']
          allowedHeaders: ['content-type', 'x-ms-blob-type']
          exposedHeaders: []
          maxAgeInSeconds: 3600
        }
      ]
    }
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource uploads 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'uploads'
  properties: {
    publicAccess: 'None'
  }
}

@description('The package that the Function App runs.')
resource deployments 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'deployments'
  properties: {
    publicAccess: 'None'
  }
}

@description('Events that no attempt could deliver.')
resource deadEvents 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'dead-events'
  properties: {
    publicAccess: 'None'
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource ingestEvents 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = {
  parent: queueService
  name: 'ingest-events'
}

@description('Where `rag doctor` tries the queues.')
resource doctor 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = {
  parent: queueService
  name: 'rag-doctor'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [for queue in otherQueues: {
  parent: queueService
  name: queue
}]

var onAccount = [
  // The Functions host keeps its locks and its keys here, in containers that it makes.
  { who: principals.function, role: roles['Storage Blob Data Owner'] }
  { who: principals.function, role: roles['Storage Blob Delegator'] }
  { who: principals.function, role: roles['Storage Queue Data Contributor'] }
  { who: principals.api, role: roles['Storage Blob Delegator'] }
  { who: principals.api, role: roles['Storage Queue Data Reader'] }
  { who: principals.api, role: roles['Storage Queue Data Message Sender'] }
  // Keeping a message hidden while it is worked on takes more than the role of a message processor.
  { who: principals.ingest, role: roles['Storage Queue Data Contributor'] }
  { who: principals.keda, role: roles['Storage Queue Data Reader'] }
]

resource accountAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for grant in onAccount: {
  name: guid(account.id, grant.who, grant.role)
  scope: account
  properties: {
    principalId: grant.who
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, grant.role)
  }
}]

var onUploads = [
  { who: principals.api, role: roles['Storage Blob Data Contributor'] }
  { who: principals.ingest, role: roles['Storage Blob Data Reader'] }
]

resource uploadsAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for grant in onUploads: {
  name: guid(uploads.id, grant.who, grant.role)
  scope: uploads
  properties: {
    principalId: grant.who
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, grant.role)
  }
}]

resource deadEventsAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadEvents.id, principals.events, roles['Storage Blob Data Contributor'])
  scope: deadEvents
  properties: {
    principalId: principals.events
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Storage Blob Data Contributor'])
  }
}

resource eventsAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(ingestEvents.id, principals.events, roles['Storage Queue Data Message Sender'])
  scope: ingestEvents
  properties: {
    principalId: principals.events
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Storage Queue Data Message Sender'])
  }
}

resource doctorAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(doctor.id, principals.api, roles['Storage Queue Data Contributor'])
  scope: doctor
  properties: {
    principalId: principals.api
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Storage Queue Data Contributor'])
  }
}

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: blobs
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
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

// Looking for messages every second would fill the log with reads.
resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: queueService
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

output id string = account.id
output name string = account.name
output deploymentsUrl string = '${account.properties.primaryEndpoints.blob}${deployments.name}'
