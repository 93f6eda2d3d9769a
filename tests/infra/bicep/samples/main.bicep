targetScope = 'resourceGroup'

type plan = {
  name: string
  size: int?
}

@description('Region.')
param location string = resourceGroup().location

@allowed(['Standard_LRS', 'Standard_ZRS'])
param redundancy string = 'Standard_ZRS'

@minValue(1)
@maxValue(12)
param replicas int = 2

param withCluster bool
param plans plan[] = [{ name: 'small' }]
param host string?

@secure()
param password string

var name = toLower('Rag${uniqueString(resourceGroup().id)}')
var sizes = {
  small: { capacity: 1 }
  large: { capacity: 5 }
}
var queues = ['events', 'poison']
var tags = union({ product: 'rag' }, empty(host) ? {} : { host: host! })

func titled(text string) string => toUpper(text)

module store 'modules/store.bicep' = {
  name: 'store'
  params: {
    name: take(name, 24)
    location: location
    redundancy: redundancy
    queues: queues
    tags: tags
  }
}

module vault 'modules/vault.bicep' = [for (each, i) in plans: {
  name: 'vault-${i}'
  params: {
    name: 'v${i}-${take(name, 10)}'
    location: location
    secret: password
    title: titled(each.name)
    readers: [for queue in queues: guid(queue)]
  }
}]

resource openai 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: '${name}-openai'
  location: location
  kind: 'OpenAI'
  sku: {
    name: 'S0'
  }
  properties: {
    customSubDomainName: '${name}-openai'
    disableLocalAuth: true
    publicNetworkAccess: withCluster ? 'Disabled' : 'Enabled'
    ...(withCluster ? { networkAcls: { defaultAction: 'Deny' } } : {})
  }

  resource chat 'deployments' = {
    name: 'chat'
    sku: {
      name: 'GlobalStandard'
      capacity: sizes.small.capacity
    }
    properties: {
      model: {
        format: 'OpenAI'
        name: 'gpt-4.1-mini'
        version: '2025-04-14'
      }
    }
  }
}

resource search 'Microsoft.Search/searchServices@2025-05-01' = {
  name: '${name}-search'
  location: location
  sku: {
    name: 'basic'
  }
  properties: {
    replicaCount: replicas
    partitionCount: 1
    hostingMode: 'Default'
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: '${name}-topic'
  location: location
  properties: {
    source: store.outputs.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource uploads 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'uploads'
  properties: {
    destination: {
      endpointType: 'StorageQueue'
      properties: {
        queueName: queues[0]
        resourceId: store.outputs.id
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Storage.BlobCreated'
      ]
      advancedFilters: [
        {
          operatorType: 'StringBeginsWith'
          key: 'subject'
          values: ['/blobServices/default/containers/uploads/']
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
  }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2026-05-01' = if (withCluster) {
  name: '${name}-cluster'
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    dnsPrefix: name
    disableLocalAccounts: true
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        count: replicas
        vmSize: 'Standard_D4s_v5'
        osType: 'Linux'
      }
    ]
    oidcIssuerProfile: {
      enabled: true
    }
  }
}

output chatDeployment string = openai::chat.name
output endpoint string = openai.properties.endpoint
output vaults array = [for (each, i) in plans: vault[i].outputs.uri]
output issuer string = withCluster ? cluster!.properties.oidcIssuerProfile.issuerURL : ''
