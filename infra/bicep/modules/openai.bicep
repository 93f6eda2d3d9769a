// Azure OpenAI: the deployments that answer, stand in, and embed.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the account, and of its address.')
param name string

@description('Whether it answers inside the private network only.')
param isPrivate bool

@description('Models: { name, version, sku, capacity in thousands of tokens a minute }.')
param chatModel object
param fallbackModel object
param embeddingModel object

@description('Object ids of the identities.')
param principals object

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var roleType = 'Microsoft.Authorization/roleDefinitions'
var users = [principals.function, principals.api, principals.ingest]
// Another version of an embedding model would not fit what is indexed.
var models = [
  { model: chatModel, upgrade: 'OnceCurrentVersionExpired' }
  { model: fallbackModel, upgrade: 'OnceCurrentVersionExpired' }
  { model: embeddingModel, upgrade: 'NoAutoUpgrade' }
]

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  // checkov:skip=CKV_AZURE_134: a parameter; prod answers its own network only
  name: name
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: {
    name: 'S0'
  }
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    restrictOutboundNetworkAccess: true
    allowedFqdnList: []
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

// One after the other: the account takes one change at a time.
@batchSize(1)
resource deployments 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = [for each in models: {
  parent: account
  name: each.model.name // as prices are named
  sku: {
    name: each.model.sku
    capacity: each.model.capacity
  }
  properties: {
    model: {
      format: 'OpenAI'
      name: each.model.name
      version: each.model.version
    }
    versionUpgradeOption: each.upgrade
  }
}]

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for user in users: {
  name: guid(account.id, user, roles['Cognitive Services OpenAI User'])
  scope: account
  properties: {
    principalId: user
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Cognitive Services OpenAI User'])
  }
}]

resource accountLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: account
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

output id string = account.id
output endpoint string = 'https://${name}.openai.azure.com'
output chatDeployment string = chatModel.name
output fallbackDeployment string = fallbackModel.name
output embeddingDeployment string = embeddingModel.name
