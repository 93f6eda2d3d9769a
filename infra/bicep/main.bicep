// Everything that the product runs on, into a resource group that exists. One group is one environment.
targetScope = 'resourceGroup'

@description('Names of resources begin with it; the rest of a name is made of the resource group\'s id.')
@minLength(2)
@maxLength(8)
param name string = 'rag'

// Vaults cannot be removed for good before their time, and keep their names until then.
@description('Another one makes another set of names, for a group that is deployed anew after it was destroyed.')
param generation string = '1'

@description('Which environment it is, for tags.')
@allowed(['dev', 'prod'])
param environment string

@description('Region of every resource.')
param location string = resourceGroup().location

// What stays public: the Function App, Grafana, the cluster's ingress and API, the registry, the intake of telemetry.
@description('Services answer inside a network of their own only.')
param privateNetwork bool

@description('Copies in several zones, wherever a service has them.')
param zoneRedundant bool

@description('Whether there is a cluster.')
param deployCluster bool

@description('Whether the chat page has a Static Web App of its own.')
param deployStaticWebApp bool

@description('Its region: few have Static Web Apps. The page itself is everywhere.')
param staticWebAppLocation string = 'westeurope'

@description('Password of MongoDB\'s user.')
@secure()
@minLength(16)
param mongodbPassword string

@description('Object id of the Entra ID group that operates this: secrets, images, cluster, Grafana. None: empty.')
param operatorsGroupId string = ''

// None: the registry and the cluster's API answer from everywhere, those who may; the key vault nobody outside.
@description('Address ranges that deployments come from, such as 203.0.113.0/24.')
param deployerAddresses array = []

@description('Address ranges whose browsers may send files straight to the container although the network is private.')
param browserAddresses array = []

@description('Origins of other pages that call the API, such as https://app.example.com, separated by commas.')
param pageOrigins string = ''

@description('Name under which the cluster\'s ingress is reached, such as rag.example.com. None: empty.')
param host string = ''

@description('Tenant whose users may sign in, and the audience of their tokens. None: empty.')
param entraTenantId string = ''
param entraAudience string = ''

@description('Registration by which the chat page signs them in. None: it asks for a password.')
param entraClientId string = ''

@description('Whether anybody may register; the first account always may.')
@allowed(['open', 'closed'])
param registration string

@description('Where alerts and the budget are told; empty: nowhere.')
param alertEmail string = ''

@description('What a month may cost, in the currency of the subscription.')
@minValue(1)
param monthlyBudget int

@description('First day of the month in which the budget was made, YYYY-MM-01. Empty: no budget.')
param budgetStart string = ''

@description('Days that logs are kept.')
param logDays int

// Deployments are called as their models, since prices are.
@description('Models: { name, version, sku, capacity in thousands of tokens a minute }.')
param chatModel object
param fallbackModel object
param embeddingModel object

@description('Numbers of an embedding. Fixed once documents are indexed.')
param embeddingDimension int = 1536

@description('Tier and copies of AI Search.')
param searchTier string
param searchReplicas int

@description('Tier and disk of MongoDB.')
param mongoTier string
param mongoDiskGb int

@description('Size of Redis.')
param redisSize string

@description('The Function App\'s instances: always ready for HTTP, at the most, and requests that each answers at once.')
param alwaysReadyInstances int
param mostInstances int = 100
param requestsPerInstance int = 40

@description('Whether releases of the Function App replace instances batch by batch. Not in every region yet.')
param rollingUpdates bool

@description('The cluster\'s nodes.')
param nodeSize string = 'Standard_D4ds_v5'
param fewestNodes int = 1
param mostNodes int = 3

var suffix = uniqueString(resourceGroup().id, generation)
var prefix = '${name}-${suffix}'
var functionName = prefix
var tags = {
  application: 'rag-functions'
  environment: environment
}
var givenOrigins = empty(pageOrigins) ? [] : split(pageOrigins, ',')
var hostOrigins = empty(host) ? [] : ['https://${host}']
var otherOrigins = union(givenOrigins, hostOrigins, deployStaticWebApp ? [page.outputs.origin] : [])

module identities 'modules/identities.bicep' = {
  name: 'identities'
  params: {
    location: location
    tags: tags
    prefix: prefix
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: {
    location: location
    tags: tags
    prefix: prefix
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    tags: tags
    prefix: prefix
    retentionDays: logDays
    zoneRedundant: zoneRedundant
    principals: identities.outputs.principals
    operatorsGroupId: operatorsGroupId
  }
}

module page 'modules/static-web-app.bicep' = if (deployStaticWebApp) {
  name: 'page'
  params: {
    location: staticWebAppLocation
    tags: tags
    name: '${prefix}-page'
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    location: location
    tags: tags
    name: '${name}${suffix}'
    // The app serves the chat page itself, and that page uploads too.
    pageOrigins: union(['https://${functionName}.azurewebsites.net'], otherOrigins)
    isPrivate: privateNetwork
    addresses: browserAddresses
    zoneRedundant: zoneRedundant
    principals: identities.outputs.principals
    workspaceId: monitoring.outputs.workspaceId
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  params: {
    location: location
    tags: tags
    name: '${prefix}-uploads'
    storageId: storage.outputs.id
    identityId: identities.outputs.eventsId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module openAi 'modules/openai.bicep' = {
  name: 'openai'
  params: {
    location: location
    tags: tags
    name: '${prefix}-openai'
    isPrivate: privateNetwork
    chatModel: chatModel
    fallbackModel: fallbackModel
    embeddingModel: embeddingModel
    principals: identities.outputs.principals
    workspaceId: monitoring.outputs.workspaceId
  }
}

module search 'modules/search.bicep' = {
  name: 'search'
  params: {
    location: location
    tags: tags
    name: '${prefix}-search'
    tier: searchTier
    replicas: searchReplicas
    isPrivate: privateNetwork
    principals: identities.outputs.principals
    workspaceId: monitoring.outputs.workspaceId
  }
}

module keyVault 'modules/key-vault.bicep' = {
  name: 'key-vault'
  params: {
    location: location
    tags: tags
    name: prefix
    isPrivate: privateNetwork
    addresses: deployerAddresses
    principals: identities.outputs.principals
    operatorsGroupId: operatorsGroupId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module mongodb 'modules/mongodb.bicep' = {
  name: 'mongodb'
  params: {
    location: location
    tags: tags
    name: '${prefix}-mongo'
    tier: mongoTier
    diskGb: mongoDiskGb
    zoneRedundant: zoneRedundant
    isPrivate: privateNetwork
    password: mongodbPassword
    keyVaultName: keyVault.outputs.name
    workspaceId: monitoring.outputs.workspaceId
  }
}

module redis 'modules/redis.bicep' = {
  name: 'redis'
  params: {
    location: location
    tags: tags
    name: '${prefix}-redis'
    size: redisSize
    zoneRedundant: zoneRedundant
    isPrivate: privateNetwork
    principals: identities.outputs.principals
    workspaceId: monitoring.outputs.workspaceId
  }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  params: {
    location: location
    tags: tags
    name: '${name}${suffix}'
    isPrivate: privateNetwork
    addresses: deployerAddresses
    zoneRedundant: zoneRedundant
    operatorsGroupId: operatorsGroupId
    workspaceId: monitoring.outputs.workspaceId
  }
}

var endpoints = [
  { name: 'blob', part: 'blob', zone: 'privatelink.blob.${az.environment().suffixes.storage}' }
  { name: 'queue', part: 'queue', zone: 'privatelink.queue.${az.environment().suffixes.storage}' }
  { name: 'openai', part: 'account', zone: 'privatelink.openai.azure.com' }
  { name: 'search', part: 'searchService', zone: 'privatelink.search.windows.net' }
  { name: 'vault', part: 'vault', zone: 'privatelink.vaultcore.azure.net' }
  { name: 'mongo', part: 'MongoCluster', zone: 'privatelink.mongocluster.cosmos.azure.com' }
  { name: 'redis', part: 'redisEnterprise', zone: 'privatelink.redis.azure.net' }
  { name: 'registry', part: 'registry', zone: 'privatelink.azurecr.io' }
]
// By the names above; a loop itself must not wait for what is deployed.
var endpointServices = {
  blob: storage.outputs.id
  queue: storage.outputs.id
  openai: openAi.outputs.id
  search: search.outputs.id
  vault: keyVault.outputs.id
  mongo: mongodb.outputs.id
  redis: redis.outputs.id
  registry: registry.outputs.id
}

// One after the other, or they get in each other's way in the subnet.
@batchSize(1)
module privateEndpoints 'modules/private-endpoint.bicep' = [for endpoint in endpoints: if (privateNetwork) {
  name: 'endpoint-${endpoint.name}'
  params: {
    location: location
    tags: tags
    name: '${prefix}-${endpoint.name}'
    serviceId: endpointServices[endpoint.name]
    part: endpoint.part
    zoneName: endpoint.zone
    networkId: network.outputs.id
    subnetId: network.outputs.endpointsSubnetId
  }
}]

module functionApp 'modules/function-app.bicep' = {
  name: 'function-app'
  params: {
    location: location
    tags: tags
    name: functionName
    zoneRedundant: zoneRedundant
    alwaysReady: alwaysReadyInstances
    mostInstances: mostInstances
    concurrency: requestsPerInstance
    rollingUpdates: rollingUpdates
    subnetId: privateNetwork ? network.outputs.functionsSubnetId : ''
    deploymentsUrl: storage.outputs.deploymentsUrl
    identityId: identities.outputs.functionId
    pageOrigins: otherOrigins
    workspaceId: monitoring.outputs.workspaceId
    insightsName: monitoring.outputs.insightsName
    settings: {
      AzureWebJobsStorage__accountName: storage.outputs.name
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identities.outputs.clients.function
      AZURE_CLIENT_ID: identities.outputs.clients.function
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identities.outputs.clients.function};Authorization=AAD'
      RAG_PROFILE: 'azure'
      RAG_TRACES: 'azure_monitor'
      RAG_BLOB_TRIGGER: 'false' // Event Grid puts events on the queue itself
      RAG_REGISTRATION: registration
      AZURE_OPENAI_ENDPOINT: openAi.outputs.endpoint
      AZURE_OPENAI_CHAT_DEPLOYMENT: openAi.outputs.chatDeployment
      AZURE_OPENAI_FALLBACK_DEPLOYMENT: openAi.outputs.fallbackDeployment
      AZURE_OPENAI_EMBEDDING_DEPLOYMENT: openAi.outputs.embeddingDeployment
      AZURE_OPENAI_EMBEDDING_DIMENSION: string(embeddingDimension)
      AZURE_OPENAI_EMBEDDING_TPM: string(embeddingModel.capacity * 1000)
      AZURE_SEARCH_ENDPOINT: search.outputs.endpoint
      AZURE_KEY_VAULT_URL: keyVault.outputs.url
      MONGODB_URI: 'secret:mongodb-uri'
      REDIS_URL: redis.outputs.url
      REDIS_AUTH: 'entra'
      ENTRA_TENANT_ID: entraTenantId
      ENTRA_AUDIENCE: entraAudience
      ENTRA_CLIENT_ID: entraClientId
    }
  }
  dependsOn: [mongodb, privateEndpoints]
}

module cluster 'modules/cluster.bicep' = if (deployCluster) {
  name: 'cluster'
  params: {
    location: location
    tags: tags
    name: '${prefix}-cluster'
    nodeSize: nodeSize
    fewestNodes: fewestNodes
    mostNodes: mostNodes
    zoneRedundant: zoneRedundant
    networkName: privateNetwork ? network.outputs.name : ''
    outboundAddress: privateNetwork ? network.outputs.outboundAddress : ''
    addresses: deployerAddresses
    operatorsGroupId: operatorsGroupId
    identities: {
      api: identities.outputs.apiName
      ingest: identities.outputs.ingestName
      keda: identities.outputs.kedaName
    }
    registryName: registry.outputs.name
    collectionRuleId: monitoring.outputs.collectionRuleId
    workspaceId: monitoring.outputs.workspaceId
  }
  dependsOn: [privateEndpoints]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    prefix: prefix
    email: alertEmail
    monthlyBudget: monthlyBudget
    budgetStart: budgetStart
    services: {
      workspace: monitoring.outputs.workspaceId
      storage: storage.outputs.id
      events: events.outputs.id
      openAi: openAi.outputs.id
      search: search.outputs.id
      keyVault: keyVault.outputs.id
      mongo: mongodb.outputs.id
      redis: redis.outputs.id
    }
  }
}

module prometheusRules 'modules/prometheus-rules.bicep' = if (deployCluster) {
  name: 'prometheus-rules'
  params: {
    location: location
    tags: tags
    prefix: prefix
    prometheusId: monitoring.outputs.prometheusId
    operatorsId: alerts.outputs.operatorsId
  }
}

output resourceGroupName string = resourceGroup().name
output tenantId string = subscription().tenantId
output functionAppName string = functionApp.outputs.name
output functionAppUrl string = functionApp.outputs.url
output registryName string = registry.outputs.name
output registryLoginServer string = registry.outputs.loginServer
output clusterName string = deployCluster ? cluster.outputs.name : ''
output apiIdentityClientId string = identities.outputs.clients.api
output ingestIdentityClientId string = identities.outputs.clients.ingest
output kedaIdentityClientId string = identities.outputs.clients.keda
output keyVaultName string = keyVault.outputs.name
output keyVaultUrl string = keyVault.outputs.url
output storageName string = storage.outputs.name
output openAiEndpoint string = openAi.outputs.endpoint
output chatDeployment string = openAi.outputs.chatDeployment
output fallbackDeployment string = openAi.outputs.fallbackDeployment
output embeddingDeployment string = openAi.outputs.embeddingDeployment
output searchEndpoint string = search.outputs.endpoint
output redisUrl string = redis.outputs.url
output staticWebAppName string = deployStaticWebApp ? page.outputs.name : ''
output grafanaEndpoint string = monitoring.outputs.grafanaEndpoint
output prometheusEndpoint string = monitoring.outputs.prometheusEndpoint
