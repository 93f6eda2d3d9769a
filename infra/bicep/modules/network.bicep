// The private network of prod: a subnet for functions, one for private endpoints, one for the cluster's nodes.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Names begin with it.')
param prefix string

// Without rules of its own a group lets in the network itself and Azure's load balancer.
resource closed 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: '${prefix}-closed'
  location: location
  tags: tags
}

resource web 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: '${prefix}-web'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'https'
        properties: {
          description: 'The cluster\'s ingress; port 80 leads to 443 and answers certificate challenges.'
          access: 'Allow'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRanges: ['80', '443']
        }
      }
    ]
  }
}

// New networks have no way out of their own, and tokens come from Entra ID over the internet.
resource address 'Microsoft.Network/publicIPAddresses@2024-05-01' = {
  name: '${prefix}-outbound'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  zones: ['1', '2', '3']
  properties: {
    publicIPAllocationMethod: 'Static'
  }
}

resource outbound 'Microsoft.Network/natGateways@2024-05-01' = {
  name: '${prefix}-outbound'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIpAddresses: [
      {
        id: address.id
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: '${prefix}-network'
  location: location
  tags: tags
  properties: {
    addressSpace: {
      // Not 10.0.0.0/16, which is where a cluster has its services.
      addressPrefixes: ['10.20.0.0/16']
    }
    subnets: [
      {
        name: 'functions'
        properties: {
          addressPrefix: '10.20.0.0/24'
          defaultOutboundAccess: false
          natGateway: {
            id: outbound.id
          }
          networkSecurityGroup: {
            id: closed.id
          }
          delegations: [
            {
              name: 'flex'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '10.20.1.0/24'
          defaultOutboundAccess: false
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
          networkSecurityGroup: {
            id: closed.id
          }
        }
      }
      {
        name: 'cluster'
        properties: {
          addressPrefix: '10.20.16.0/20'
          defaultOutboundAccess: false
          natGateway: {
            id: outbound.id
          }
          networkSecurityGroup: {
            id: web.id
          }
        }
      }
    ]
  }
}

output id string = network.id
output name string = network.name
output functionsSubnetId string = '${network.id}/subnets/functions'
output endpointsSubnetId string = '${network.id}/subnets/endpoints'
output outboundAddress string = address.properties.ipAddress
