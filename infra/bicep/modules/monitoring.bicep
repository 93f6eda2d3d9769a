// Logs, traces and metrics: Log Analytics, Application Insights, Managed Prometheus, Managed Grafana.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Names begin with it.')
param prefix string

@description('Days that logs and traces are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('Copies of Grafana in several zones.')
param zoneRedundant bool

@description('Object ids of the identities.')
param principals object

@description('Object id of the group of operators, which administers Grafana; none: empty.')
param operatorsGroupId string

var roles = loadJsonContent('../roles.json')
var roleType = 'Microsoft.Authorization/roleDefinitions'
var senders = [principals.function, principals.api, principals.ingest]
var readers = [principals.keda, grafana.identity.principalId]

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${prefix}-logs'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${prefix}-insights'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
  }
}

resource sending 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for sender in senders: {
  name: guid(insights.id, sender, roles['Monitoring Metrics Publisher'])
  scope: insights
  properties: {
    principalId: sender
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Monitoring Metrics Publisher'])
  }
}]

resource prometheus 'Microsoft.Monitor/accounts@2023-04-03' = {
  name: '${prefix}-metrics'
  location: location
  tags: tags
}

resource endpoint 'Microsoft.Insights/dataCollectionEndpoints@2023-03-11' = {
  name: '${prefix}-metrics'
  location: location
  tags: tags
  kind: 'Linux'
  properties: {}
}

resource rule 'Microsoft.Insights/dataCollectionRules@2023-03-11' = {
  name: '${prefix}-metrics'
  location: location
  tags: tags
  kind: 'Linux'
  properties: {
    dataCollectionEndpointId: endpoint.id
    dataSources: {
      prometheusForwarder: [
        {
          name: 'prometheus'
          streams: ['Microsoft-PrometheusMetrics']
          labelIncludeFilter: {}
        }
      ]
    }
    destinations: {
      monitoringAccounts: [
        {
          name: 'prometheus'
          accountResourceId: prometheus.id
        }
      ]
    }
    dataFlows: [
      {
        streams: ['Microsoft-PrometheusMetrics']
        destinations: ['prometheus']
      }
    ]
  }
}

// People look at it from outside, signed in by Entra ID.
resource grafana 'Microsoft.Dashboard/grafana@2024-10-01' = {
  name: prefix // 23 characters at the most
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    apiKey: 'Disabled'
    publicNetworkAccess: 'Enabled'
    zoneRedundancy: zoneRedundant ? 'Enabled' : 'Disabled'
    grafanaIntegrations: {
      azureMonitorWorkspaceIntegrations: [
        {
          azureMonitorWorkspaceResourceId: prometheus.id
        }
      ]
    }
  }
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (reader, i) in ['keda', 'grafana']: {
  name: guid(prometheus.id, reader, roles['Monitoring Data Reader'])
  scope: prometheus
  properties: {
    principalId: readers[i]
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Monitoring Data Reader'])
  }
}]

@description('Logs and Azure\'s own metrics of everything in the group, for dashboards.')
resource looking 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, grafana.id, roles['Monitoring Reader'])
  properties: {
    principalId: grafana.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Monitoring Reader'])
  }
}

resource administering 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(grafana.id, operatorsGroupId, roles['Grafana Admin'])
  scope: grafana
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId(roleType, roles['Grafana Admin'])
  }
}

resource workspaceLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: workspace
  properties: {
    workspaceId: workspace.id
    logs: [
      {
        categoryGroup: 'allLogs' // who asked what of the logs
        enabled: true
      }
    ]
  }
}

resource grafanaLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: grafana
  properties: {
    workspaceId: workspace.id
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

output workspaceId string = workspace.id
output insightsName string = insights.name
output prometheusId string = prometheus.id
output prometheusEndpoint string = prometheus.properties.metrics.prometheusQueryEndpoint
output collectionRuleId string = rule.id
output grafanaEndpoint string = grafana.properties.endpoint
