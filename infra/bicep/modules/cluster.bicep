// AKS: workload identity, KEDA, Key Vault by CSI, Managed Prometheus. Nobody signs in by a certificate.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the cluster.')
param name string

@description('Size of the nodes; it must have a disk of its own for the system.')
param nodeSize string

@description('Fewest and most nodes for the product. The system has two of its own.')
param fewestNodes int
param mostNodes int

@description('Nodes in three zones, and a promised availability of the API.')
param zoneRedundant bool

@description('The private network; none: empty, and the cluster makes its own.')
param networkName string

@description('Address that the nodes call out from; none: empty.')
param outboundAddress string

@description('Public address ranges that may ask the API; none: every address, with an identity that may.')
param addresses array

@description('Object id of the group of operators; none: empty.')
param operatorsGroupId string

@description('Names of the identities of the service accounts.')
param identities object

@description('Name of the registry that images come from.')
param registryName string

@description('Where Prometheus sends what it collects.')
param collectionRuleId string

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var roleType = 'Microsoft.Authorization/roleDefinitions'
var isPrivate = !empty(networkName)
var zones = zoneRedundant ? ['1', '2', '3'] : []
// Without the nodes' own address the cluster would lock itself out.
var callers = empty(addresses) || empty(outboundAddress) ? addresses : concat(addresses, ['${outboundAddress}/32'])

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' existing = if (isPrivate) {
  name: networkName
}

resource subnet 'Microsoft.Network/virtualNetworks/subnets@2024-05-01' existing = if (isPrivate) {
  parent: network
  name: 'cluster'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

resource networking 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (isPrivate) {
  name: guid(subnet.id, name, roles['Network Contributor'])
  scope: subnet
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Network Contributor'])
  }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2026-05-01' = {
  // checkov:skip=CKV_AZURE_8: that dashboard is no part of AKS any more
  // checkov:skip=CKV_AZURE_227: subscriptions have to ask for encryption at host first
  // checkov:skip=CKV_AZURE_172: secrets are rotated, see addonProfiles
  // checkov:skip=CKV_AZURE_4: Fluent Bit sends the logs, Prometheus the metrics
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Base'
    tier: zoneRedundant ? 'Standard' : 'Free'
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    dnsPrefix: name
    enableRBAC: true
    disableLocalAccounts: true
    aadProfile: {
      managed: true
      enableAzureRBAC: true
    }
    apiServerAccessProfile: {
      authorizedIPRanges: callers
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        vmSize: nodeSize
        osDiskType: 'Ephemeral'
        osDiskSizeGB: 64
        maxPods: 110
        enableAutoScaling: true
        count: 2
        minCount: 2
        maxCount: 3
        availabilityZones: zones
        vnetSubnetID: isPrivate ? subnet.id : null
        nodeTaints: ['CriticalAddonsOnly=true:NoSchedule']
        upgradeSettings: {
          maxSurge: '33%'
        }
      }
      {
        name: 'work'
        mode: 'User'
        vmSize: nodeSize
        osDiskType: 'Ephemeral'
        osDiskSizeGB: 64
        maxPods: 110
        enableAutoScaling: true
        count: fewestNodes
        minCount: fewestNodes
        maxCount: mostNodes
        availabilityZones: zones
        vnetSubnetID: isPrivate ? subnet.id : null
        upgradeSettings: {
          maxSurge: '33%'
        }
      }
    ]
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkDataplane: 'cilium'
      networkPolicy: 'cilium'
      loadBalancerSku: 'standard'
      outboundType: isPrivate ? 'userAssignedNATGateway' : 'loadBalancer'
    }
    oidcIssuerProfile: {
      enabled: true
    }
    securityProfile: {
      workloadIdentity: {
        enabled: true
      }
      imageCleaner: {
        enabled: true
        intervalHours: 168
      }
    }
    workloadAutoScalerProfile: {
      keda: {
        enabled: true
      }
    }
    addonProfiles: {
      azureKeyvaultSecretsProvider: {
        enabled: true
        config: {
          enableSecretRotation: 'true'
        }
      }
      azurepolicy: {
        enabled: true
      }
    }
    azureMonitorProfile: {
      metrics: {
        enabled: true
        kubeStateMetrics: {}
      }
    }
    ingressProfile: {
      gatewayAPI: {
        installation: 'Standard'
      }
      webAppRouting: {
        enabled: true
        gatewayAPIImplementations: {
          appRoutingIstio: {
            mode: 'Enabled'
          }
        }
        nginx: {
          defaultIngressControllerType: 'None' // its support ends in November 2026
        }
      }
    }
    autoUpgradeProfile: {
      upgradeChannel: 'patch'
      nodeOSUpgradeChannel: 'NodeImage'
    }
  }
  dependsOn: [networking]
}

resource pulling 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, cluster.id, roles['AcrPull'])
  scope: registry
  properties: {
    principalId: cluster.properties.identityProfile.kubeletidentity.objectId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['AcrPull'])
  }
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: registryName
}

resource operating 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(cluster.id, operatorsGroupId, roles['Azure Kubernetes Service RBAC Cluster Admin'])
  scope: cluster
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Azure Kubernetes Service RBAC Cluster Admin'])
  }
}

resource api 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identities.api

  resource account 'federatedIdentityCredentials' = {
    name: 'kubernetes'
    properties: {
      issuer: cluster.properties.oidcIssuerProfile.issuerURL
      subject: 'system:serviceaccount:rag:rag-api'
      audiences: ['api://AzureADTokenExchange']
    }
  }
}

resource ingest 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identities.ingest

  resource account 'federatedIdentityCredentials' = {
    name: 'kubernetes'
    properties: {
      issuer: cluster.properties.oidcIssuerProfile.issuerURL
      subject: 'system:serviceaccount:rag:rag-ingest'
      audiences: ['api://AzureADTokenExchange']
    }
  }
}

resource keda 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identities.keda

  resource account 'federatedIdentityCredentials' = {
    name: 'kubernetes'
    properties: {
      issuer: cluster.properties.oidcIssuerProfile.issuerURL
      subject: 'system:serviceaccount:kube-system:keda-operator'
      audiences: ['api://AzureADTokenExchange']
    }
  }
}

resource collection 'Microsoft.Insights/dataCollectionRuleAssociations@2023-03-11' = {
  name: 'prometheus'
  scope: cluster
  properties: {
    dataCollectionRuleId: collectionRuleId
  }
}

resource clusterLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: cluster
  properties: {
    workspaceId: workspaceId
    logs: [for category in ['kube-apiserver', 'kube-audit-admin', 'guard', 'cluster-autoscaler']: {
      category: category
      enabled: true
    }]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output name string = cluster.name
